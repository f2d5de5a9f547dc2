//! The guides and the reference as a static site, for any static host.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::{Error, path};

/// Where the site is written.
const SITE: &str = "target/site";
/// The pages beside those of `docs/`.
const TOP: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/// Writes the site, and returns where it is.
///
/// # Errors
/// A file can't be read or written.
pub fn write_site() -> Result<PathBuf, Error> {
    let site = path(SITE);
    let mut pages: Vec<PathBuf> = TOP.iter().map(PathBuf::from).collect();
    let docs = fs::read_dir(path("docs")).map_err(|error| failed("docs", error))?;
    for file in docs {
        let name = PathBuf::from(file.map_err(|error| failed("docs", error))?.file_name());
        if name.extension().is_some_and(|extension| extension == "md") {
            pages.push(Path::new("docs").join(name));
        }
    }
    for page in &pages {
        let Page { title, html, files } = Page::of(page)?;
        let up = "../".repeat(page.components().count() - 1);
        write(
            &site.join(html_name(page)),
            LAYOUT.replace("{title}", &title).replace("{up}", &up) + &html + "</main>\n",
        )?;
        for file in files {
            let content =
                fs::read(path(&file.to_string_lossy())).map_err(|error| failed(&file.to_string_lossy(), error))?;
            write(&site.join(file), content)?;
        }
    }
    let openapi = fs::read(path("openapi.json")).map_err(|error| failed("openapi.json", error))?;
    write(&site.join("openapi.json"), openapi)?;
    write(&site.join("llms.txt"), fs::read(path("llms.txt")).map_err(|error| failed("llms.txt", error))?)?;
    write(&site.join("style.css"), local::reference::STYLE)?;
    write(&site.join("scalar.js"), local::reference::viewer())?;
    write(&site.join("reference.js"), "Scalar.createApiReference('#reference', { ...quiet, url: 'openapi.json' });\n")?;
    write(&site.join("quiet.js"), local::reference::QUIET)?;
    write(&site.join("reference.html"), REFERENCE)?;
    Ok(site)
}

/// A page of the site.
struct Page {
    title: String,
    html: String,
    /// The files that it links to, which are no pages.
    files: Vec<PathBuf>,
}

impl Page {
    fn of(page: &Path) -> Result<Self, Error> {
        let name = page.to_string_lossy();
        let text = fs::read_to_string(path(&name)).map_err(|error| failed(&name, error))?;
        let (mut files, mut title) = (Vec::new(), String::new());
        let mut events: Vec<_> = Parser::new_ext(&text, Options::ENABLE_TABLES).collect();
        let mut heading = None;
        for place in 0..events.len() {
            match &mut events[place] {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    if let Some(target) = linked(page, dest_url) {
                        *dest_url = target.address;
                        files.extend(target.file);
                    }
                }
                Event::Start(Tag::Heading { .. }) => heading = Some((place, String::new())),
                Event::Text(text) | Event::Code(text) => {
                    if let Some((_, said)) = &mut heading {
                        said.push_str(text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let Some((start, said)) = heading.take() else { continue };
                    if title.is_empty() {
                        title.clone_from(&said);
                    }
                    if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
                        *id = Some(CowStr::from(anchor(&said)));
                    }
                }
                _ => {}
            }
        }
        let mut html = String::new();
        html::push_html(&mut html, events.into_iter());
        Ok(Self { title, html, files })
    }
}

/// Where a link of the site leads.
struct Target {
    address: CowStr<'static>,
    file: Option<PathBuf>,
}

/// The target of a link to a file of the repository; `None` of any other.
fn linked(page: &Path, address: &str) -> Option<Target> {
    if address.contains(':') || address.starts_with('#') {
        return None;
    }
    let (file, anchor) =
        address.split_once('#').map_or((address, String::new()), |(file, anchor)| (file, format!("#{anchor}")));
    let target = normal(&page.parent()?.join(file));
    if target.extension().is_some_and(|extension| extension == "md") {
        return Some(Target {
            address: (html_name(Path::new(file)).to_string_lossy() + anchor.as_str()).into_owned().into(),
            file: None,
        });
    }
    let is_file = path(&target.to_string_lossy()).is_file();
    Some(Target { address: address.to_owned().into(), file: is_file.then_some(target) })
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

fn html_name(page: &Path) -> PathBuf {
    let name = page.with_extension("html");
    if name.ends_with("README.html") { name.with_file_name("index.html") } else { name }
}

/// Returns the anchor of a title, as GitHub makes it.
#[must_use]
pub fn anchor(title: &str) -> String {
    let title = title.trim().to_lowercase();
    title
        .chars()
        .filter(|character| character.is_alphanumeric() || " -_".contains(*character))
        .collect::<String>()
        .replace(' ', "-")
}

fn write(file: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    let name = file.to_string_lossy().into_owned();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(&name, error))?;
    }
    fs::write(file, content).map_err(|error| failed(&name, error))
}

fn failed(file: &str, error: std::io::Error) -> Error {
    Error::File { file: file.to_owned(), error }
}

const LAYOUT: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{up}style.css">
<nav aria-label="Pages"><ul>
<li><a href="{up}index.html">Home</a></li>
<li><a href="{up}reference.html">Reference</a></li>
<li><a href="{up}docs/quickstart.html">Quickstart</a></li>
</ul></nav>
<main>
"#;

const REFERENCE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Organizations API: reference</title>
<link rel="icon" href="data:,">
<script defer src="scalar.js"></script>
<script defer src="quiet.js"></script>
<script defer src="reference.js"></script>
<div id="reference"></div>
"#;
