//! Page tokens: the key of a page's last row, with a hash of it and of the query that it belongs to. No secret is
//! needed: the partition comes from the caller's access token, so a token that was made up leads nowhere else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ids::OrganizationId;
use ring::digest;

use super::{ListQuery, Listed};
use crate::{Error, ListError};

/// The bytes of the hash in a token.
const HASH_BYTES: usize = 16;

/// The token that continues `query` beyond `key`.
///
/// # Errors
/// A defect: the query can't be written.
pub fn encode<L: Listed>(organization: &OrganizationId, query: &ListQuery<L>, key: &str) -> Result<String, Error> {
    let mut bytes = hash(organization, query, key)?;
    bytes.extend_from_slice(key.as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The key beyond which a token continues.
///
/// # Errors
/// [`ListError::BadPageToken`]: it was altered, or is of another query, list or organization.
pub fn decode<L: Listed>(
    organization: &OrganizationId,
    query: &ListQuery<L>,
    token: &str,
) -> Result<String, ListError> {
    // A sort key has 1,024 bytes: the prefix of an entry, the key, and U+0000 for what comes beyond it.
    const { assert!(L::MAX_KEY_BYTES + 3 <= 1_024) };
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| ListError::BadPageToken)?;
    let (said, key) = bytes.split_at_checked(HASH_BYTES).ok_or(ListError::BadPageToken)?;
    let key = std::str::from_utf8(key).map_err(|_| ListError::BadPageToken)?;
    if key.len() > L::MAX_KEY_BYTES {
        return Err(ListError::BadPageToken);
    }
    if hash(organization, query, key)? == said { Ok(key.to_owned()) } else { Err(ListError::BadPageToken) }
}

fn hash<L: Listed>(organization: &OrganizationId, query: &ListQuery<L>, key: &str) -> Result<Vec<u8>, Error> {
    let what = (L::NAME, organization, query.order, query.descending, &query.filters, key);
    let what = serde_json::to_vec(&what).map_err(|error| Error::Internal(error.into()))?;
    let mut hash = digest::digest(&digest::SHA256, &what).as_ref().to_vec();
    hash.truncate(HASH_BYTES);
    Ok(hash)
}
