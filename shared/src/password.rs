//! Password hashing: argon2id at OWASP's parameters, off the async threads.
//!
//! Source: OWASP Password Storage Cheat Sheet (19 MiB of memory, 2 iterations, 1 lane).

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, ParamsString, PasswordHash, Salt},
};
use domain::text::normalized_password;
use tokio::{sync::Semaphore, task};

/// Hashing failed for a reason that isn't the password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The hash couldn't be computed, or a stored one couldn't be read.
    #[error("the password hash failed: {0}")]
    Hash(argon2::password_hash::Error),
    /// The hashing thread is gone: the process is stopping.
    #[error("the hashing thread stopped")]
    Stopped(#[from] task::JoinError),
}

static ARGON2: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// Each hash holds 19 MiB; more of them at once than there are cores only costs memory.
static CORES: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from))));

/// Verified against where there is no account, so that the work is the same. It is no hash of anything guessable.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbC4uLg$NRPq2T0nOAqpWXcGvGzDqGTGcCfzwgGSdWVjzc2VZUA";

/// The PHC string to store for `password`.
///
/// # Errors
/// [`PasswordError`]; never for what the password holds.
pub async fn hash(password: &str) -> Result<String, PasswordError> {
    let password = password.to_owned();
    off_thread(move || {
        let salt: [u8; 16] = rand::random();
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(ARGON2.params()).map_err(PasswordError::Hash)?,
            salt: Some(Salt::new(&salt).map_err(failed)?),
            hash: Some(compute(&ARGON2, password.as_bytes(), &salt, Params::DEFAULT_OUTPUT_LEN)?),
        };
        Ok(hash.to_string())
    })
    .await
}

/// Whether `password` is the one that `hash` was made of, in whichever normalization it was typed; with no hash, the
/// same work and `false`.
///
/// # Errors
/// [`PasswordError`]; a wrong password is no error.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
    let normalized = normalized_password(password);
    // A hash from before passwords were normalized is of what was typed then.
    Ok(verify_exactly(&normalized, hash).await? || (normalized != password && verify_exactly(password, hash).await?))
}

async fn verify_exactly(password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
    let (password, known) = (password.to_owned(), hash.is_some());
    let hash = hash.unwrap_or(NOBODY).to_owned();
    off_thread(move || {
        let hash = PasswordHash::new(&hash).map_err(failed)?;
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
            return Err(PasswordError::Hash(argon2::password_hash::Error::PasswordInvalid));
        };
        let argon2 = Argon2::from(Params::try_from(&hash).map_err(PasswordError::Hash)?);
        let output = compute(&argon2, password.as_bytes(), salt, expected.len())?;
        // Compared in constant time.
        Ok(output == *expected && known)
    })
    .await
}

/// The memory of hashes that are done, for those to come: 19 MiB each, and no more of them than cores.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

fn memory() -> MutexGuard<'static, Vec<Vec<Block>>> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn compute(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], length: usize) -> Result<Output, PasswordError> {
    let mut blocks = memory().pop().unwrap_or_default();
    blocks.resize(argon2.params().block_count(), Block::default());
    let mut out = vec![0; length];
    let computed = argon2.hash_password_into_with_memory(password, salt, &mut out, &mut blocks);
    memory().push(blocks);
    computed.map_err(|error| PasswordError::Hash(error.into()))?;
    Output::new(&out).map_err(failed)
}

fn failed(error: phc::Error) -> PasswordError {
    PasswordError::Hash(error.into())
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    // Never closed. The permit goes along: a caller that goes away doesn't stop the work.
    let core = CORES.clone().acquire_owned().await.ok();
    task::spawn_blocking(move || {
        let _core = core;
        work()
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_alone() {
        let stored = hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse", Some(&stored)).await.unwrap());
        assert!(!verify("correct horse ", Some(&stored)).await.unwrap());
        assert_ne!(stored, hash("correct horse").await.unwrap(), "each hash has its own salt");
    }

    #[tokio::test]
    async fn a_password_verifies_in_either_normalization_also_against_an_older_hash() {
        let (composed, decomposed) = ("p\u{e4}ssword", "pa\u{308}ssword");
        for hashed in [composed, decomposed] {
            let stored = hash(hashed).await.unwrap();
            assert!(verify(hashed, Some(&stored)).await.unwrap());
        }
        let stored = hash(composed).await.unwrap();
        assert!(verify(decomposed, Some(&stored)).await.unwrap());
        assert!(!verify("passwo\u{308}rd", Some(&stored)).await.unwrap());
        assert!(!verify(decomposed, None).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_a_readable_hash_that_no_password_matches() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!verify("nobody", None).await.unwrap());
    }
}
