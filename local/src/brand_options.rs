use clap::Args;
use shared::{
    brand::{Brand, BrandSettings},
    config::ConfigError,
};

/// The platform's name and look, as the command line or the environment has it.
#[derive(Clone, Debug, Default, Args)]
pub struct BrandOptions {
    /// What users call the platform.
    #[arg(long, env = "PLATFORM_NAME", value_name = "NAME")]
    pub platform_name: Option<String>,
    /// The https address of the platform's logo, which is shown 32 pixels high.
    #[arg(long, env = "PLATFORM_LOGO_URL", value_name = "URL")]
    pub platform_logo_url: Option<String>,
    /// The color of buttons, as #0b57d0.
    #[arg(long, env = "PLATFORM_COLOR", value_name = "COLOR")]
    pub platform_color: Option<String>,
    /// The address that answers users' questions.
    #[arg(long, env = "SUPPORT_EMAIL", value_name = "ADDRESS")]
    pub support_email: Option<String>,
    /// The https address where users sign in.
    #[arg(long, env = "SIGN_IN_URL", value_name = "URL")]
    pub sign_in_url: Option<String>,
}

impl BrandOptions {
    /// Returns the platform.
    ///
    /// # Errors
    /// A value can't be used.
    pub(crate) fn brand(&self) -> Result<Brand, ConfigError> {
        let Self { platform_name, platform_logo_url, platform_color, support_email, sign_in_url } = self.clone();
        let settings = BrandSettings { platform_name, platform_logo_url, platform_color, support_email, sign_in_url };
        Brand::new(settings)
    }
}
