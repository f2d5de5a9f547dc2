use std::{
    collections::HashMap,
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use csv::Writer;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::{Failure, Target, api::Api, exit_code, kind::Kind};

/// Exports to standard output, as a CSV file that an import takes. Rows that nobody touches meanwhile are in it once.
#[derive(Debug, Args)]
pub struct Export {
    /// What is exported.
    kind: Kind,
    #[command(flatten)]
    target: Target,
}

impl Export {
    /// Does what the command line says.
    pub async fn run(self) -> ExitCode {
        exit_code(self.export().await)
    }

    async fn export(&self) -> Result<ExitCode, Failure> {
        let api = Api::new(&self.target);
        let currencies = match self.kind {
            Kind::Customers => currencies(&api).await?,
            Kind::Associations => HashMap::new(),
        };
        let mut writer = Writer::from_writer(io::BufWriter::new(io::stdout()));
        writer.write_record(self.kind.columns())?;
        let first = format!("{}?PageSize=1000", self.kind.path());
        let mut page = api.get(&first).await?;
        loop {
            let rows = page["Data"].as_array().ok_or("the answer is no list of the API")?;
            for row in rows {
                let cells = self.kind.columns().iter().map(|column| match &row[*column] {
                    // A customer without a currency of its own follows its tier's, and is to go on doing so.
                    Value::String(code) if *column == "CurrencyCode" && is_of_tier(&currencies, row, code) => {
                        String::new()
                    }
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                });
                writer.write_record(cells)?;
            }
            let Some(token) = page["NextPageToken"].as_str() else { break };
            let token: String = byte_serialize(token.as_bytes()).collect();
            page = api.get(&format!("{first}&PageToken={token}")).await?;
        }
        writer.into_inner().map_err(|error| error.to_string())?.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn is_of_tier(currencies: &HashMap<String, String>, row: &Value, code: &str) -> bool {
    row["Pricing"].as_str().and_then(|tier| currencies.get(tier)).is_some_and(|currency| currency == code)
}

/// The currency of each price tier.
async fn currencies(api: &Api) -> Result<HashMap<String, String>, Failure> {
    let tiers = api.get("/api/organizations/price-tiers").await?;
    let text = |tier: &Value, name: &str| tier[name].as_str().map(str::to_owned);
    let tiers = tiers.as_array().into_iter().flatten();
    Ok(tiers.filter_map(|tier| Some((text(tier, "Name")?, text(tier, "CurrencyCode")?))).collect())
}
