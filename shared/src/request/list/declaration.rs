//! A list's parameters and answer are declared once, by what the list is of.

/// Declares the parameters of a list, the filter among them, and how they are read.
///
/// A schema of its own for each list says in the document which fields it has.
#[macro_export]
macro_rules! list_request {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $request:ident of $list:ty;
        $(#[$sort_attribute:meta])*
        sort_on: $order:ty = $default:path, $default_name:literal;
        filter: $filter:ident as $filter_name:ident on $field:ty;
    ) => {
        $crate::request! {
            $(#[$attribute])*
            #[derive(::utoipa::IntoParams)]
            #[into_params(rename_all = "PascalCase", parameter_in = Query)]
            $visibility struct $request {
                /// The page, from 1.
                #[param(value_type = Option<i32>, minimum = 1, maximum = 2_147_483_647, default = 1)]
                page_number: Option<u64> = $crate::request::list::page_number,
                /// `NextPageToken` of the page before, in the place of `PageNumber`: continues beyond its last row,
                /// untouched by rows that come and go elsewhere.
                page_token: Option<String>,
                /// The most rows on a page.
                #[param(value_type = Option<i32>, minimum = 1, maximum = 1000, default = 25)]
                page_size: u64 = $crate::request::list::page_size,
                $(#[$sort_attribute])*
                #[param(value_type = Option<$order>, inline, default = $default_name)]
                sort_on: $order = |fields: &mut $crate::request::Fields<'_>, name: &str| {
                    $crate::request::list::named_or(fields, name, $default)
                },
                /// Ascending or descending.
                #[param(value_type = Option<$crate::request::list::Direction>, inline, default = "asc")]
                sort_direction: $crate::request::list::Direction =
                    |fields: &mut $crate::request::Fields<'_>, name: &str| {
                        $crate::request::list::named_or(fields, name, $crate::request::list::Direction::Ascending)
                    },
                /// At most 20 conditions, all of which must hold: a JSON array of filters, or one filter, repeatable.
                /// The forms `Filters[0].Field=…&Filters[0].Operator=…&Filters[0].Value=…` and `Filters[0][Field]=…`
                /// are read too.
                #[param(value_type = Option<Vec<$filter>>)]
                filters: Vec<$filter> = $crate::request::list::read_filters,
            }
            check |fields| {
                if page_token.as_ref().is_some_and(Option::is_some) && fields.has("PageNumber") {
                    let conflicting = $crate::field_error::FieldCode::Conflicting;
                    fields.add_error("PageToken", conflicting.says("can't be sent together with PageNumber"));
                }
            }
        }

        $crate::request! {
            /// A condition that every listed row keeps. Comparison is by code point and minds case, but in addresses.
            #[derive(::utoipa::ToSchema)]
            #[schema(as = $filter_name, rename_all = "PascalCase")]
            $visibility struct $filter {
                field: $field = $crate::request::list::named,
                operator: $crate::table::Operator = $crate::request::list::named,
                /// What the field is compared with, taken as it is.
                value: String,
            }
        }

        impl $crate::request::list::ListRequest for $request {
            type List = $list;

            fn query(self) -> $crate::table::ListQuery<$list> {
                let filter = |filter: $filter| $crate::table::ListFilter::new(filter.field, filter.operator, filter.value);
                let number = $crate::table::PageStart::Number(self.page_number.unwrap_or(1));
                $crate::table::ListQuery {
                    order: self.sort_on,
                    descending: self.sort_direction == $crate::request::list::Direction::Descending,
                    filters: self.filters.into_iter().map(filter).collect(),
                    start: self.page_token.map_or(number, $crate::table::PageStart::Token),
                    size: self.page_size,
                }
            }
        }
    };
}

/// Declares the answer of a list.
#[macro_export]
macro_rules! list_response {
    ($(#[$attribute:meta])* $visibility:vis struct $response:ident of $row:ty;) => {
        $(#[$attribute])*
        #[derive(::serde::Serialize, ::utoipa::ToSchema)]
        #[serde(rename_all = "PascalCase")]
        $visibility struct $response {
            #[schema(max_items = 1000)]
            data: Vec<$row>,
            /// How many there are on all pages, exactly.
            total_count: u64,
            /// Only where the request didn't come by token.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1, maximum = 2_147_483_647)]
            page_number: Option<u64>,
            #[schema(minimum = 1, maximum = 1000)]
            page_size: u64,
            /// `PageToken` of the next page, where more follows.
            #[serde(skip_serializing_if = "Option::is_none")]
            next_page_token: Option<String>,
        }

        impl $response {
            /// The answer to `query`, each row shown by `row`.
            $visibility fn new<L: $crate::table::Listed, T>(
                page: $crate::table::ListPage<T>,
                query: &$crate::table::ListQuery<L>,
                row: impl FnMut(T) -> $row,
            ) -> Self {
                Self {
                    data: page.rows.into_iter().map(row).collect(),
                    total_count: page.total,
                    page_number: match query.start {
                        $crate::table::PageStart::Number(number) => Some(number),
                        $crate::table::PageStart::Token(_) => None,
                    },
                    page_size: query.size,
                    next_page_token: page.next,
                }
            }
        }
    };
}
