//! The platform's name and look, in mails and on pages.

use std::fmt;

use domain::config::{self, ConfigError};

/// The platform as its users know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// `PLATFORM_NAME`: what users call the platform.
    pub name: String,
    /// `PLATFORM_LOGO_URL`: an https address of its logo, shown 32 pixels high.
    pub logo_url: Option<String>,
    /// `PLATFORM_COLOR`: the color of buttons.
    pub color: Color,
    /// `SUPPORT_EMAIL`: the address that answers questions.
    pub support_email: Option<String>,
    /// `SIGN_IN_URL`: where users sign in.
    pub sign_in_url: Option<String>,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: "B2B Commerce".to_owned(),
            logo_url: None,
            color: Color { red: 0x0b, green: 0x57, blue: 0xd0 },
            support_email: None,
            sign_in_url: None,
        }
    }
}

/// What is set of the platform, as it is written. Whatever isn't set is as it is by default.
#[derive(Clone, Debug, Default)]
pub struct BrandSettings {
    /// See [`Brand::name`].
    pub platform_name: Option<String>,
    /// See [`Brand::logo_url`].
    pub platform_logo_url: Option<String>,
    /// See [`Brand::color`].
    pub platform_color: Option<String>,
    /// See [`Brand::support_email`].
    pub support_email: Option<String>,
    /// See [`Brand::sign_in_url`].
    pub sign_in_url: Option<String>,
}

impl Brand {
    /// Reads the environment.
    ///
    /// # Errors
    /// A value is invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::new(BrandSettings {
            platform_name: config::optional("PLATFORM_NAME"),
            platform_logo_url: config::optional("PLATFORM_LOGO_URL"),
            platform_color: config::optional("PLATFORM_COLOR"),
            support_email: config::optional("SUPPORT_EMAIL"),
            sign_in_url: config::optional("SIGN_IN_URL"),
        })
    }

    /// The platform by its settings.
    ///
    /// # Errors
    /// A value is invalid.
    pub fn new(settings: BrandSettings) -> Result<Self, ConfigError> {
        let default = Self::default();
        let BrandSettings { platform_name, platform_logo_url, platform_color, support_email, sign_in_url } = settings;
        let color = platform_color.map(|color| color.parse().map_err(|fault| invalid("PLATFORM_COLOR", fault)));
        Ok(Self {
            name: platform_name.unwrap_or(default.name),
            logo_url: platform_logo_url.map(|address| web_address("PLATFORM_LOGO_URL", address)).transpose()?,
            color: color.transpose()?.unwrap_or(default.color),
            support_email,
            sign_in_url: sign_in_url.map(|address| web_address("SIGN_IN_URL", address)).transpose()?,
        })
    }
}

fn invalid(name: &'static str, fault: &str) -> ConfigError {
    ConfigError::Invalid { name, fault: fault.to_owned() }
}

/// Checks that a link may lead to an address.
fn web_address(name: &'static str, address: String) -> Result<String, ConfigError> {
    if is_web_address(&address) { Ok(address) } else { Err(invalid(name, "must be an https address")) }
}

fn is_web_address(address: &str) -> bool {
    let is_local = ["http://127.0.0.1", "http://localhost"].iter().any(|local| address.starts_with(local));
    (address.starts_with("https://") || is_local) && !address.contains(char::is_whitespace)
}

/// A color, as `#0b57d0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    red: u8,
    green: u8,
    blue: u8,
}

impl std::str::FromStr for Color {
    type Err = &'static str;

    /// Reads six hex digits after a `#`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FAULT: &str = "must be a color as #0b57d0";
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(FAULT)?;
        let part = |range| digits.get(range).and_then(|part| u8::from_str_radix(part, 16).ok()).ok_or(FAULT);
        Ok(Self { red: part(0..2)?, green: part(2..4)?, blue: part(4..6)? })
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Color {
    /// Returns the color of a text on this one, black or white: that with the higher contrast (WCAG 2.2, "contrast
    /// ratio"), which is at least 4.5 for one of the two, whatever the color.
    #[must_use]
    pub fn on_it(self) -> &'static str {
        let on_white = 1.05 / (self.luminance() + 0.05);
        let on_black = (self.luminance() + 0.05) / 0.05;
        if on_white >= on_black { "#ffffff" } else { "#000000" }
    }

    /// The relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_has_six_hex_digits_and_a_text_on_it_that_can_be_read() {
        let color = |text: &str| text.parse::<Color>();
        assert_eq!(color("#0B57d0").unwrap().to_string(), "#0b57d0");
        for bad in ["0b57d0", "#0b57d", "#0b57d00", "#0b57dg", "#0b57é", "blue", ""] {
            assert_eq!(color(bad), Err("must be a color as #0b57d0"), "{bad}");
        }
        for (text, expected) in
            [("#0b57d0", "#ffffff"), ("#000000", "#ffffff"), ("#ffffff", "#000000"), ("#ffd400", "#000000")]
        {
            assert_eq!(color(text).unwrap().on_it(), expected, "{text}");
        }
    }

    #[test]
    fn links_lead_to_https_and_on_one_machine_to_itself() {
        for good in ["https://shop.example/sign-in", "http://127.0.0.1:5173/", "http://localhost:3000"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in ["javascript:alert(1)", "http://shop.example", "https://a b", "shop.example", "data:text/html,x"] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
