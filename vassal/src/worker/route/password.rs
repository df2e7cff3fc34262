//! Users with passwords (`basicauth`, RFC 7617).
//!
//! The file of users is read each time, so that a changed one counts at once; whoever knocks
//! without a password costs no read. Forms of passwords: bcrypt, crypt's SHA-256 and SHA-512,
//! Apache's MD5, crypt's MD5 and `{SHA}`. Traditional crypt has eight letters and 12 bits of
//! salt: it opens nothing here.

use std::collections::VecDeque;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use md5::{Digest, Md5};
use sha_crypt::PasswordVerifier;
use shared::settings::content::routes::Users;

use super::{Answer, Scene};
use crate::base64;

/// A larger file of users is not read, bytes.
const FILE_MAX: u64 = 1 << 20;
/// So many right passwords are remembered.
const KNOWN_MAX: usize = 64;

/// Who may pass, and what the others are told.
#[derive(Debug)]
pub(super) struct Door {
    realm: String,
    users: Users,
    next: bool,
    known: Known,
}

/// Passwords that were right lately. Checking one takes some 50 ms by design, and browsers send
/// it with every request. Kept are keyed sums, of the stored form too: a changed file counts.
#[derive(Debug, Default)]
struct Known {
    keys: [RandomState; 2],
    sums: Mutex<VecDeque<[u64; 2]>>,
}

impl Known {
    /// Whether `check` has said yes to the same before, or says so now.
    fn or(&self, stored: &str, password: &[u8], check: impl FnOnce() -> bool) -> bool {
        let sum = [0, 1].map(|at| self.keys[at].hash_one((stored, password)));
        let sums = || self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if sums().contains(&sum) {
            return true;
        }
        let right = check();
        if right {
            let mut sums = sums();
            if sums.len() == KNOWN_MAX {
                sums.pop_front();
            }
            sums.push_back(sum);
        }
        right
    }
}

/// What comes of asking.
#[derive(Debug)]
pub(super) enum Knock {
    /// This user may pass.
    Open(Vec<u8>),
    /// The next rules decide.
    Next,
    /// The answer.
    Shut(Answer),
}

impl Door {
    /// A relative file of users counts from `directory`.
    pub(super) fn new(realm: &str, users: &Users, next: bool, directory: &Path) -> Self {
        let users = match users {
            Users::File(path) => Users::File(directory.join(path)),
            Users::One(..) => users.clone(),
        };
        Self { realm: realm.to_owned(), users, next, known: Known::default() }
    }

    /// Looks at the request's `Authorization`.
    pub(super) fn knock(&self, scene: &Scene<'_>) -> Knock {
        let given = scene.variable(b"HTTP_AUTHORIZATION").and_then(credentials);
        if let Some((user, password)) = given
            && self.knows(&user, &password)
        {
            return Knock::Open(user);
        }
        if self.next {
            return Knock::Next;
        }
        Knock::Shut(Answer {
            status: "401 Authorization Required".into(),
            field: Some((
                "WWW-Authenticate",
                format!("Basic realm=\"{}\"", self.realm).into_bytes(),
            )),
            body: "Unauthorized".into(),
        })
    }

    fn knows(&self, user: &[u8], password: &[u8]) -> bool {
        match &self.users {
            Users::One(name, wanted) => {
                same(user, name.as_bytes()) & same(password, wanted.as_bytes())
            }
            Users::File(path) => match stored(path, user) {
                Ok(Some(stored)) => self.known.or(&stored, password, || opens(&stored, password)),
                Ok(None) => false,
                Err(error) => {
                    eprintln!("basicauth: {}: {error}", path.display());
                    false
                }
            },
        }
    }
}

/// `Basic` and the base64 of `user:password`.
fn credentials(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, rest) = text.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let pair = base64::decode(rest.trim_ascii())?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    // nothing that could end a line of a log or of a file
    let plain = !pair.iter().any(u8::is_ascii_control);
    plain.then(|| (pair[..colon].to_vec(), pair[colon + 1..].to_vec()))
}

/// Compares in a time that does not tell where two texts differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && differ == 0
}

/// The stored password of a user, in the file's `user:password` lines.
fn stored(path: &PathBuf, user: &[u8]) -> io::Result<Option<String>> {
    let mut text = Vec::new();
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    file.take(FILE_MAX).read_to_end(&mut text)?;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let found = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        (line[..colon] == *user).then(|| String::from_utf8_lossy(&line[colon + 1..]).into_owned())
    });
    Ok(found.into_iter().next())
}

/// Whether a password is the stored one.
fn opens(stored: &str, password: &[u8]) -> bool {
    if let Some(sum) = stored.strip_prefix("{SHA}") {
        return base64::decode(sum.as_bytes())
            .is_some_and(|sum| same(&sum, &sha1::Sha1::digest(password)));
    }
    let parts: Vec<&str> = stored.split('$').collect();
    match parts.as_slice() {
        ["", "2a" | "2b" | "2x" | "2y", ..] => bcrypt::verify(password, stored).unwrap_or(false),
        ["", "5" | "6", ..] => {
            sha_crypt::ShaCrypt::default().verify_password(password, stored).is_ok()
        }
        ["", magic @ ("apr1" | "1"), salt, sum] => {
            same(sum.as_bytes(), crypt_md5(magic, salt.as_bytes(), password).as_bytes())
        }
        _ => {
            eprintln!(
                "basicauth: a stored password has a form that opens nothing here; use htpasswd -B"
            );
            false
        }
    }
}

/// The sum of crypt's MD5 form, and of Apache's, which only has another name in it.
fn crypt_md5(magic: &str, salt: &[u8], password: &[u8]) -> String {
    let salt = &salt[..salt.len().min(8)];
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password);
    let inner = inner.finalize();
    let mut outer = Md5::new().chain_update(password);
    outer.update(format!("${magic}$"));
    outer.update(salt);
    for at in (0..password.len()).step_by(16) {
        outer.update(&inner[..(password.len() - at).min(16)]);
    }
    let mut length = password.len();
    while length > 0 {
        outer.update(if length & 1 == 1 { &[0] } else { &password[..1] });
        length >>= 1;
    }
    let mut sum = outer.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        next.update(if round & 1 == 1 { password } else { &sum });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if round & 1 == 1 { &sum[..] } else { password });
        sum = next.finalize();
    }
    let mut text = String::with_capacity(22);
    for [high, middle, low] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        let three = [sum[high], sum[middle], sum[low]];
        digits(&mut text, u32::from_be_bytes([0, three[0], three[1], three[2]]), 4);
    }
    digits(&mut text, u32::from(sum[11]), 2);
    text
}

/// Crypt's digits, the lowest first.
fn digits(text: &mut String, mut number: u32, count: u32) {
    const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for _ in 0..count {
        text.push(char::from(DIGITS[number as usize & 63]));
        number >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_opens_to_its_password_only() {
        for (stored, password) in [
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password"),
            ("$apr1$lZL6V/ci$sQw6g73nRuoOIj/gnD18Z.", "myPassword"),
            ("$1$salt$qJH7.N4xYta3aEG/dfqo/0", "password"),
            ("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"),
            (
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4\
                 OTLiBFdcbYEdFCoEOfaS35inz1",
                "Hello world!",
            ),
            ("$2y$05$bvIG6Nmid91Mu9RcmmWZfOSUJnPNP88kp.Eu9puakB65/9Xoyz6P.", "secret"),
        ] {
            assert!(opens(stored, password.as_bytes()), "{stored}");
            assert!(!opens(stored, b"other") && !opens(stored, b""), "{stored}");
        }
        for never in ["", "plain", "abJnggxhB/yWI", "$9$x$y", "$apr1$x", "{SHA}", "$2y$bad", "$6$"]
        {
            assert!(!opens(never, b"") && !opens(never, never.as_bytes()), "{never}");
        }
    }

    #[test]
    fn a_right_password_is_checked_once_and_a_wrong_one_each_time() {
        let known = Known::default();
        assert!(!known.or("stored", b"wrong", || false));
        assert!(!known.or("stored", b"wrong", || false));
        assert!(known.or("stored", b"right", || true));
        assert!(known.or("stored", b"right", || panic!("it is known")));
        assert!(!known.or("changed", b"right", || false), "another stored form");
        for number in 0..KNOWN_MAX {
            assert!(known.or("stored", number.to_string().as_bytes(), || true));
        }
        assert!(!known.or("stored", b"right", || false), "the oldest was forgotten");
    }

    #[test]
    fn credentials_are_basic_and_plain() {
        let some = |user: &str, password: &str| Some((user.into(), password.into()));
        assert_eq!(credentials(b"Basic am9lOnNlY3JldA=="), some("joe", "secret"));
        assert_eq!(credentials(b"basic am9lOmE6Yg=="), some("joe", "a:b"));
        for wrong in ["Basic", "Basic am9l", "Bearer am9lOnNlY3JldA==", "Basic !", "Basic YQo6Yg=="]
        {
            assert_eq!(credentials(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
