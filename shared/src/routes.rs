//! A function's routes, written once: its router and its documentation are made of the same list of handlers.

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, on},
};
use utoipa::{Path, openapi::HttpMethod};

#[doc(hidden)]
pub use pastey::paste;

/// Gives a function its `router` and its `documentation`, by its state and its handlers, each with a `#[utoipa::path]`.
///
/// After a semicolon stand the schemas of parameters, which the document would refer to and not have.
///
/// They are two functions, so that a binary that makes no document doesn't hold what one is made of.
#[macro_export]
macro_rules! routes {
    ($state:ty, $($module:ident::$handler:ident),+ $(; $($schema:path),+)? $(,)?) => {
        /// The function's router.
        pub fn router(state: $state) -> ::axum::Router {
            let router = ::axum::Router::new();
            $crate::routes::paste! {
                $(let router = $crate::routes::add(router, $module::[<__path_ $handler>], $module::$handler);)+
            }
            router.with_state(state)
        }

        /// The documentation of the function's routes, which no start of the function makes.
        #[must_use]
        pub fn documentation() -> ::utoipa::openapi::OpenApi {
            #[derive(::utoipa::OpenApi)]
            #[openapi(paths($($module::$handler),+) $(, components(schemas($($schema),+)))?)]
            struct Documented;
            <Documented as ::utoipa::OpenApi>::openapi()
        }
    };
}

/// Adds the route of `handler` where its documentation says that it is; axum merges the methods of one path.
pub fn add<S, P, H, T>(router: Router<S>, _: P, handler: H) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    P: Path,
    H: Handler<T, S>,
    T: 'static,
{
    match P::methods().iter().map(filter).reduce(MethodFilter::or) {
        Some(methods) => router.route(&P::path(), on(methods, handler)),
        None => router,
    }
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}
