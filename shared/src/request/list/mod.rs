//! The query parameters and the answer of a list, the same for every list.

mod declaration;
mod filters;
mod named;
mod parameters;

pub use filters::read_filters;
pub use named::{named, named_or};
pub use parameters::{Direction, ListParameters, ListRequest, is_of_a_list, list_query, page_number, page_size};
