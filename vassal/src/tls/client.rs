//! What an application is told of a client's certificate, which was verified before.

use rustls::pki_types::CertificateDer;

use crate::base64;

/// Tags of DER (X.690 section 8.1).
pub(super) const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
pub(super) const VERSION: u8 = 0xa0;
/// Bytes of a name that are told.
const NAME_MAX: usize = 4096;

/// The digits of what is not printable.
const HEX: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// Attributes of names with the short names that OpenSSL prints.
const ATTRIBUTES: [(&[u8], &str); 13] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "street"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 42], "GN"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// A client's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `HTTPS_DN`: the subject, as `/C=DE/CN=name`.
    pub name: String,
    /// `HTTPS_CLIENT_CERTIFICATE` and `HTTPS_CC`: the certificate in DER and in PEM, where
    /// `https-export-cert` asks for it.
    pub certificate: Option<(Vec<u8>, String)>,
}

impl Client {
    /// Reads the certificate.
    pub fn new(certificate: &CertificateDer<'_>, export: bool) -> Self {
        let name = subject(certificate).unwrap_or_default();
        let certificate = export.then(|| (certificate.to_vec(), pem(certificate)));
        Self { name, certificate }
    }
}

/// Takes one element: its tag, its content and what follows it.
pub(super) fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = bytes.split_first_chunk::<2>()?;
    let (size, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let count = usize::from(length & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(count)?;
        (digits.iter().fold(0, |size, digit| size << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(size)?;
    Some((tag, content, rest))
}

/// The subject of a certificate (RFC 5280 section 4.1), as OpenSSL prints it in one line.
fn subject(certificate: &[u8]) -> Option<String> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // serial number, algorithm, issuer, validity
    for _ in 0..4 {
        rest = element(rest)?.2;
    }
    let (tag, mut names, _) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    let mut text = String::new();
    while !names.is_empty() {
        let (_, mut set, next) = element(names)?;
        names = next;
        while !set.is_empty() {
            let (_, pair, next) = element(set)?;
            set = next;
            let (tag, oid, value) = element(pair)?;
            let (_, value, _) = element(value)?;
            if tag != OID || text.len() + value.len() > NAME_MAX {
                return None;
            }
            let known = ATTRIBUTES.iter().find(|(id, _)| *id == oid);
            text.push('/');
            match known {
                Some((_, name)) => text.push_str(name),
                None => text.push_str(&dotted(oid)),
            }
            text.push('=');
            for byte in value {
                match byte {
                    b' '..=b'~' => text.push(char::from(*byte)),
                    other => {
                        text.push_str("\\x");
                        text.extend([other >> 4, other & 15].map(|half| HEX[usize::from(half)]));
                    }
                }
            }
        }
    }
    Some(text)
}

/// An object identifier in figures.
fn dotted(oid: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0_u64;
    for byte in oid {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(std::mem::take(&mut number));
        }
    }
    let Some(first) = numbers.first_mut() else { return String::new() };
    let top = (*first / 40).min(2);
    *first -= top * 40;
    numbers.insert(0, top);
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// A certificate as PEM (RFC 7468).
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in der.chunks(48) {
        text.push_str(&base64::encode(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn elements_that_are_cut_are_none() {
        assert_eq!(element(&[0x30, 1, 7, 9]), Some((0x30, &[7][..], &[9][..])));
        assert_eq!(element(&[0x30, 0x81, 1, 7]), Some((0x30, &[7][..], &[][..])));
        for wrong in [&[0x30][..], &[0x30, 2, 1], &[0x30, 0x80], &[0x30, 0x85, 0, 0, 0, 0, 1, 7]] {
            assert_eq!(element(wrong), None);
        }
        assert_eq!(dotted(&[0x55, 4, 3]), "2.5.4.3");
        assert_eq!(dotted(&[0x2a, 0x86, 0x48]), "1.2.840");
        assert_eq!(dotted(&[]), "");
    }

    #[test]
    fn a_certificate_becomes_pem_and_back() {
        for size in [1, 2, 3, 47, 48, 49, 200] {
            let der: Vec<u8> = (0..size).map(|n| (n * 7) as u8).collect();
            let back = CertificateDer::from_pem_slice(pem(&der).as_bytes()).unwrap();
            assert_eq!(back.as_ref(), der);
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut seed = 7_u32;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (seed >> 24) as u8;
                    if byte < 100 { 0x30 } else { byte & 0x8f }
                })
                .collect();
            let _ = subject(&bytes);
        }
    }
}
