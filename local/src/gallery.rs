//! Every mail in every language, written to a folder, for whoever sets the platform's name and look.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use clap::Args;
use mailer::{Contact, Letter, Occasion};
use shared::{language::Language, table::MailKind};

use crate::BrandOptions;

/// Writes the gallery of mails.
#[derive(Debug, Args)]
pub(crate) struct WriteGallery {
    /// The folder, which is made where it isn't there.
    #[arg(default_value = "target/mails")]
    folder: PathBuf,
    #[command(flatten)]
    brand: BrandOptions,
}

impl WriteGallery {
    pub(crate) fn run(&self) -> Result<(), Box<dyn std::error::Error>> {
        fs::create_dir_all(&self.folder)?;
        let brand = self.brand.brand()?;
        let contact = brand.support_email.as_deref().map_or(Contact::None, Contact::Address);
        let mut page = String::from(PAGE);
        for kind in MailKind::ALL {
            writeln!(page, "<h2>{}</h2>", kind.as_str())?;
            for language in Language::ALL {
                let name = format!("{}.{}", kind.as_str(), language.code());
                let letter = Letter::write(&example(kind, language), &brand, contact)?;
                fs::write(self.folder.join(format!("{name}.html")), &letter.html)?;
                fs::write(self.folder.join(format!("{name}.txt")), format!("{}\n\n{}", letter.subject, letter.text))?;
                writeln!(
                    page,
                    "<figure><iframe src=\"{name}.html\" title=\"{name}\"></iframe>\n<figcaption>{name}: <a \
                     href=\"{name}.html\">page</a>, <a href=\"{name}.txt\">text</a></figcaption></figure>"
                )?;
            }
        }
        let index = self.folder.join("index.html");
        fs::write(&index, page)?;
        writeln!(io::stdout(), "{}", index.display())?;
        Ok(())
    }
}

/// What an example of a mail is about.
fn example(kind: MailKind, language: Language) -> Occasion<'static> {
    Occasion {
        kind,
        language,
        to: "grace@acme.example",
        first_name: "Grace",
        organization: Some("Acme GmbH"),
        actor: Some("Ada Lovelace"),
        link: kind.has_link().then_some("https://shop.example/account/set-password?token=EXAMPLE"),
    }
}

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Mails</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 1rem auto; max-width: 80rem; padding: 0 1rem; }
figure { display: inline-block; width: min(38rem, 100%); margin: 0 1rem 1rem 0; }
iframe { width: 100%; height: 32rem; border: 1px solid #8886; border-radius: .5rem; }
</style>
</head>
<body>
<h1>Mails</h1>
";
