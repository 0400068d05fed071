//! The picture of a URI that authenticator apps read, as SVG text. It deliberately makes no data URI of it: clients put
//! `data:image/svg+xml;utf-8,` in front.

use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};

/// Pixels on a side at least; it is a drawing of lines and can be any size.
const SIDE: u32 = 200;

/// The SVG, or none for more text than a QR code holds. Colours are words: `#` would end a data URI.
pub(crate) fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (dark, light) = (Color("black"), Color("white"));
    Some(code.render::<Color<'_>>().min_dimensions(SIDE, SIDE).dark_color(dark).light_color(light).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_can_stand_in_a_data_uri_as_it_is() {
        let uri = "otpauth://totp/Example:ann%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example";
        let svg = svg(uri).expect("short enough");
        assert!(svg.contains("<svg") && svg.ends_with("</svg>"), "{svg}");
        assert!(!svg.contains('#') && !svg.contains('%') && !svg.contains('\n'));
        insta::assert_snapshot!(svg);
    }

    #[test]
    fn too_much_text_has_no_picture() {
        assert_eq!(svg(&"x".repeat(4000)), None);
    }
}
