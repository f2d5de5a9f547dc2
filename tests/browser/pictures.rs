//! The pictures of the README and the guides: each is what the browser shows today. `UPDATE_PICTURES=1` renews them.

use std::{fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use local::{Bundle, Options};
use serde_json::json;

use crate::chromium::Browser;

/// All pictures together, in bytes.
const MOST_BYTES: u64 = 300_000;
/// The difference of the worst of 24 parts of a picture from the same part of the checked-in one, of 255. Names, times
/// and the system's fonts differ a little from run to run and from machine to machine.
const MOST_DIFFERENCE: f64 = 12.0;

fn file(name: &str) -> PathBuf {
    PathBuf::from(format!("{}/../docs/pictures/{name}.webp", env!("CARGO_MANIFEST_DIR")))
}

/// Takes a picture, and asks that the checked-in one shows the same.
async fn picture(browser: &mut Browser, name: &str, width: u32, height: u32) {
    let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    browser.call("Emulation.setDeviceMetricsOverride", screen).await;
    let taken = browser.call("Page.captureScreenshot", json!({"format": "webp", "quality": 80})).await;
    let taken = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        fs::create_dir_all(file(name).parent().unwrap()).unwrap();
        fs::write(file(name), &taken).unwrap();
    }
    let kept = fs::read(file(name)).unwrap();
    let difference = difference(browser, &kept, &taken).await;
    assert!(difference < MOST_DIFFERENCE, "{name} differs by {difference}; UPDATE_PICTURES=1 renews it");
}

/// Returns how much the worst part of two pictures differs, seen from afar.
async fn difference(browser: &mut Browser, one: &[u8], other: &[u8]) -> f64 {
    browser.visit("about:blank").await;
    let address = |picture: &[u8]| json!(format!("data:image/webp;base64,{}", STANDARD.encode(picture)));
    let script = format!(
        "(async () => {{
            const seen = async (address) => {{
                const image = new Image();
                image.src = address;
                await image.decode();
                const canvas = new OffscreenCanvas(48, 32).getContext('2d', {{ willReadFrequently: true }});
                canvas.imageSmoothingQuality = 'high';
                canvas.drawImage(image, 0, 0, 48, 32);
                return canvas.getImageData(0, 0, 48, 32).data;
            }};
            const [one, other] = [await seen({}), await seen({})];
            const parts = new Array(24).fill(0);
            one.forEach((value, place) => {{
                const [x, y] = [Math.floor(place / 4) % 48, Math.floor(place / 4 / 48)];
                // Each part is eight by eight, and each of its three colors counts. The fourth value is no color.
                const part = Math.floor(y / 8) * 6 + Math.floor(x / 8);
                if (place % 4 < 3) parts[part] += Math.abs(value - other[place]) / 192;
            }});
            return Math.max(...parts);
        }})()",
        address(one),
        address(other)
    );
    browser.evaluate(&script).await.as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pictures_of_the_guides_show_what_the_pages_look_like_today() {
    let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
    let url = bundle.url();
    let mut browser = Browser::start().await;
    let light = json!({"features": [{"name": "prefers-color-scheme", "value": "light"}]});
    browser.call("Emulation.setEmulatedMedia", light).await;
    browser.call("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
    browser.visit(&url).await;
    browser.click("Make Northwind GmbH").await;
    browser.shows("Token, for one hour").await;
    picture(&mut browser, "home", 1000, 760).await;

    let screen = json!({"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false});
    browser.call("Emulation.setDeviceMetricsOverride", screen).await;
    browser.visit(&format!("{url}/docs#tag/organizations/GET/api/organization")).await;
    browser.shows("Test Request").await;
    picture(&mut browser, "reference", 1280, 800).await;

    browser.visit(&format!("{url}/_local/mailbox")).await;
    browser.shows("Northwind GmbH invites you").await;
    let mail = "document.querySelector('iframe').srcdoc";
    let mail = browser.text(mail).await;
    let link =
        "new DOMParser().parseFromString(document.querySelector('iframe').srcdoc, 'text/html').querySelector('a').href";
    let link = browser.text(link).await;
    browser.visit("about:blank").await;
    browser.evaluate(&format!("document.write({})", json!(mail))).await;
    picture(&mut browser, "mail", 640, 640).await;

    browser.open(&link).await;
    browser.until("!document.getElementById('form').hidden").await;
    picture(&mut browser, "page", 640, 760).await;

    let sizes = ["home", "reference", "mail", "page"].map(|name| fs::metadata(file(name)).unwrap().len());
    assert!(sizes.iter().sum::<u64>() < MOST_BYTES, "{sizes:?}");
    bundle.stop().await;
}
