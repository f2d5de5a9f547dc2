//! Compiles `plans.toml` into constants, so that no start of a function parses it. A catalogue that breaks a rule stops
//! the build.

use std::{env, error::Error, fs, path::Path};

#[path = "src/source.rs"]
mod source;

use source::{Source, Value};

const PLANS: &str = "../../plans.toml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PLANS}");
    println!("cargo::rerun-if-changed=src/source.rs");
    let source = Source::parse(&fs::read_to_string(PLANS)?)?;
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("catalogue.rs"), constants(&source))?;
    Ok(())
}

/// Returns the catalogue as the Rust code of a `Catalogue`. A debug text of Rust is a literal of Rust.
fn constants(source: &Source) -> String {
    let plans = source.plans.iter().map(|plan| {
        let entitlements = plan.entitlements.iter().map(|entitlement| {
            let value = match &entitlement.value {
                Value::Flag(flag) => format!("Flag({flag})"),
                Value::Number(number) => format!("Number({number})"),
                Value::Text(text) => format!("Text(Cow::Borrowed({text:?}))"),
            };
            let (key, name) = (&entitlement.key, &entitlement.name);
            format!("Entitlement {{ key: {key:?}, name: {name:?}, value: EntitlementValue::{value} }}, ")
        });
        let entitlements: String = entitlements.collect();
        format!("Plan {{ key: {:?}, name: {:?}, entitlements: &[{entitlements}] }}, ", plan.key, plan.name)
    });
    let plans: String = plans.collect();
    format!("Catalogue {{ default: {:?}, plans: &[{plans}] }}", source.default)
}
