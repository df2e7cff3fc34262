//! The tickets by which clients resume sessions (RFC 8446 section 4.6.1, RFC 5077 for TLS 1.2).
//!
//! A socket has a secret of its own: a ticket brings along what was verified on its first
//! connection, and a socket that demands certificates must not believe one that asked for none.
//! The secret is drawn before workers are forked, and keys follow from it and from the time: what
//! one worker gave out is known to all of them for as long as it lasts. Each key comes from the
//! one before and not the other way round, so that a worker whose memory is read does not give
//! away what it forgot.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::server::ProducesTickets;

/// How long a key gives out tickets; for as long again it takes them back.
const TURN: Duration = Duration::from_hours(6);
/// Bytes of a key's name, with which a ticket begins; its nonce follows.
const NAME: usize = 16;

/// Gives out and takes back the tickets of one socket.
#[derive(Debug)]
pub(super) struct Tickets {
    /// Monotonic, and so the same to every process.
    began: Instant,
    chain: Mutex<Chain>,
}

/// A key, and the way to the next one.
struct Chain {
    number: u64,
    secret: hmac::Tag,
    current: Key,
    previous: Option<Key>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Chain").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What seals the tickets of one turn.
struct Key {
    name: [u8; NAME],
    aead: LessSafeKey,
}

/// What follows from a secret for one use of it.
fn derive(secret: &hmac::Tag, purpose: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()), purpose)
}

impl Key {
    fn of(secret: &hmac::Tag) -> Self {
        let mut name = [0; NAME];
        name.copy_from_slice(&derive(secret, b"name").as_ref()[..NAME]);
        let key = UnboundKey::new(&CHACHA20_POLY1305, derive(secret, b"key").as_ref())
            .expect("a digest is as long as a key of this algorithm");
        Self { name, aead: LessSafeKey::new(key) }
    }

    fn seal(&self, message: &[u8], nonce: [u8; NONCE_LEN]) -> Option<Vec<u8>> {
        let tag = CHACHA20_POLY1305.tag_len();
        let mut ticket = Vec::with_capacity(NAME + NONCE_LEN + message.len() + tag);
        ticket.extend_from_slice(&self.name);
        ticket.extend_from_slice(&nonce);
        ticket.extend_from_slice(message);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = &mut ticket[NAME + NONCE_LEN..];
        let tag = self.aead.seal_in_place_separate_tag(nonce, Aad::from(self.name), sealed).ok()?;
        ticket.extend_from_slice(tag.as_ref());
        Some(ticket)
    }

    fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = ticket.get(NAME..)?.split_first_chunk()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut message = sealed.to_vec();
        let size = self.aead.open_in_place(nonce, Aad::from(self.name), &mut message).ok()?.len();
        message.truncate(size);
        Some(message)
    }
}

impl Chain {
    fn new(secret: hmac::Tag) -> Self {
        Self { number: 0, secret, current: Key::of(&secret), previous: None }
    }

    /// Goes on to the key of a turn. There is no way back.
    fn turn(&mut self, number: u64) {
        while self.number < number {
            self.secret = derive(&self.secret, b"next");
            let next = Key::of(&self.secret);
            self.previous = Some(std::mem::replace(&mut self.current, next));
            self.number += 1;
        }
    }

    fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let keys = std::iter::once(&self.current).chain(&self.previous);
        keys.into_iter().find(|key| ticket.starts_with(&key.name))?.open(ticket)
    }
}

impl Tickets {
    /// Draws a secret.
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let mut seed = [0; 32];
        let drawn = SystemRandom::new().fill(&mut seed);
        drawn.map_err(|_| rustls::Error::FailedToGetRandomBytes)?;
        let secret = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &seed), b"first");
        Ok(Self { began: Instant::now(), chain: Mutex::new(Chain::new(secret)) })
    }

    /// Does something with the keys of this time.
    fn now<T>(&self, deed: impl FnOnce(&Chain) -> T) -> T {
        let number = self.began.elapsed().as_secs() / TURN.as_secs();
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        chain.turn(number);
        deed(&chain)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        2 * TURN.as_secs() as u32
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        // drawn, not counted: the workers have the same keys, and a count would tell of others
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        self.now(|chain| chain.current.seal(plain, nonce))
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.now(|chain| chain.open(cipher))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(seed: &[u8]) -> Chain {
        Chain::new(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, seed), b"first"))
    }

    #[test]
    fn workers_that_were_forked_apart_know_each_others_tickets_for_two_turns() {
        let (mut one, mut two) = (chain(b"a"), chain(b"a"));
        for number in [0, 1, 2, 9] {
            one.turn(number);
            let ticket = one.current.seal(b"session", [7; NONCE_LEN]).unwrap();
            for (turn, known) in [(number, true), (number + 1, true), (number + 2, false)] {
                let mut later = chain(b"a");
                later.turn(turn);
                assert_eq!(later.open(&ticket).is_some(), known, "{number} at {turn}");
            }
            two.turn(number);
            assert_eq!(two.open(&ticket).as_deref(), Some(&b"session"[..]));
        }
        one.turn(3);
        assert_eq!(one.number, 9, "there is no way back");
    }

    #[test]
    fn what_is_cut_changed_or_of_another_socket_is_no_ticket() {
        let tickets = Tickets::new().unwrap();
        let good = tickets.encrypt(b"session").unwrap();
        assert_eq!(tickets.decrypt(&good).as_deref(), Some(&b"session"[..]));
        assert_ne!(tickets.encrypt(b"session").unwrap(), good, "no nonce comes twice");
        assert_eq!(Tickets::new().unwrap().decrypt(&good), None);
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None, "byte {at}");
            assert_eq!(tickets.decrypt(&good[..at]), None, "{at} bytes");
        }
        let shown = format!("{tickets:?}");
        assert!(shown.contains("number: 0") && !shown.contains("secret"), "{shown}");
    }
}
