use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::field_error::{FieldCode, FieldError};

value! {
    /// The code of a currency that ISO 4217 lists as active, in upper case; lower case is accepted.
    #[schema(pattern = "^[A-Z]{3}$", examples("EUR"))]
    CurrencyCode, |text| {
        let code = text.trim().to_ascii_uppercase();
        let currency = Currency::from_code(&code);
        // The library wrongly marks the bolívar soberano (VES) as superseded. ISO 4217 lists it beside VED.
        match currency.filter(|currency| currency.is_superseded().is_none() || *currency == Currency::VES) {
            Some(_) => Ok(code),
            None => Err(FieldCode::InvalidCurrency.says("must be the code of an active ISO 4217 currency such as EUR")),
        }
    }
}

impl CurrencyCode {
    /// Returns the US dollar, the default currency of a tier.
    #[must_use]
    pub fn usd() -> Self {
        Self("USD".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_active_iso_4217_code_is_taken_and_no_withdrawn_or_invented_one() {
        // List One (current currencies and funds) as of 2026-01-01, when the lev gave way to the euro.
        let active = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD \
            CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
            GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
            LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR \
            PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
            THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA \
            XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG";
        for code in active.split_whitespace() {
            assert_eq!(CurrencyCode::parse(code.to_lowercase()).map(|code| code.0), Ok(code.to_owned()));
        }
        let withdrawn = "ANG ATS BGN BYR CUC DEM EEK FRF HRK LTL LVL MRO SLL STD TRL VEB VEF ZMK ZWD ZWL ZWR";
        for code in withdrawn.split_whitespace().chain(["", "E", "EURO", "AAA", "XYZ", "€", "978"]) {
            assert!(CurrencyCode::parse(code.to_owned()).is_err(), "{code}");
        }
    }
}
