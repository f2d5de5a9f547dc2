//! Page tokens: the key of a page's last row, with a hash of it and of the query that it belongs to. No secret is
//! needed: the partition comes from the caller's access token, so a token that was made up leads nowhere else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ids::OrganizationId;
use ring::digest;

use super::ListQuery;
use crate::{AssociationError, Error};

/// The bytes of the longest key: 64 characters of a customer's number, the separator, and a user's id.
const MAX_KEY_BYTES: usize = 64 * 4 + 1 + 27;
/// The bytes of the hash in a token.
const HASH_BYTES: usize = 16;

/// The token that continues `query` beyond `key`.
///
/// # Errors
/// A defect: the query can't be written.
pub fn encode(organization: &OrganizationId, query: &ListQuery, key: &str) -> Result<String, Error> {
    let mut bytes = hash(organization, query, key)?;
    bytes.extend_from_slice(key.as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The key beyond which a token continues.
///
/// # Errors
/// [`AssociationError::BadPageToken`]: it was altered, or is of another query or organization.
pub fn decode(organization: &OrganizationId, query: &ListQuery, token: &str) -> Result<String, AssociationError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| AssociationError::BadPageToken)?;
    let (said, key) = bytes.split_at_checked(HASH_BYTES).ok_or(AssociationError::BadPageToken)?;
    let key = std::str::from_utf8(key).map_err(|_| AssociationError::BadPageToken)?;
    if key.len() > MAX_KEY_BYTES {
        return Err(AssociationError::BadPageToken);
    }
    if hash(organization, query, key)? == said { Ok(key.to_owned()) } else { Err(AssociationError::BadPageToken) }
}

fn hash(organization: &OrganizationId, query: &ListQuery, key: &str) -> Result<Vec<u8>, Error> {
    let what = (organization, query.order, query.descending, &query.filters, key);
    let what = serde_json::to_vec(&what).map_err(|error| Error::Internal(error.into()))?;
    let mut hash = digest::digest(&digest::SHA256, &what).as_ref().to_vec();
    hash.truncate(HASH_BYTES);
    Ok(hash)
}
