//! A text that grows while its placeholders are replaced, and that knows where its `%` signs are:
//! whether it ends in an opening is asked after each replacement, and must not cost a look at
//! all of it.

/// A text in the making.
#[derive(Debug, Default)]
pub(super) struct Out {
    text: String,
    /// Where each `%` is, and whether there is a `)` between it and the next one.
    signs: Vec<(u32, bool)>,
}

impl Out {
    /// How long it is, bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The text.
    pub(super) fn text(self) -> String {
        self.text
    }

    /// Puts a text at the end.
    pub(super) fn push(&mut self, text: &str) {
        let mut parts = text.split('%');
        let mut at = self.text.len();
        if let Some(part) = parts.next() {
            if let Some((_, closed)) = self.signs.last_mut().filter(|(_, closed)| !closed) {
                *closed = part.contains(')');
            }
            at += part.len();
        }
        for part in parts {
            let place = u32::try_from(at).expect("all text is bounded by less");
            self.signs.push((place, part.contains(')')));
            at += 1 + part.len();
        }
        self.text.push_str(text);
    }

    /// Where it ends in what may be an opening, together with what follows.
    pub(super) fn opened(&self, tail: &str) -> Option<usize> {
        let (sign, closed) = *self.signs.last()?;
        let rest = &self.text[sign as usize + 1..];
        let open = rest.starts_with('(') && !closed;
        (open || rest.is_empty() && tail.starts_with('(')).then_some(sign as usize)
    }

    /// Cuts it at a sign; gives what was behind.
    pub(super) fn cut(&mut self, sign: usize) -> String {
        self.signs.truncate(self.signs.partition_point(|(at, _)| (*at as usize) < sign));
        self.text.split_off(sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known of the signs is what a look at the text would find.
    #[test]
    fn signs_are_where_a_search_finds_them() {
        const PIECES: [&str; 10] = ["", "%", "(", ")", "a", "%(", "%(a", "b)", "%%(", "é%"];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = move |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % limit as u64) as usize
        };
        let mut found = 0;
        for _ in 0..2000 {
            let mut out = Out::default();
            for _ in 0..below(12) {
                out.push(PIECES[below(PIECES.len())]);
                let sign = out.text.rfind('%');
                let rest = sign.map_or("", |sign| &out.text[sign + 1..]);
                let open = rest.starts_with('(') && !rest.contains(')');
                assert_eq!(out.opened("x"), sign.filter(|_| open), "{out:?}");
                let ends = out.text.ends_with('%');
                assert_eq!(out.opened("("), sign.filter(|_| open || ends), "{out:?}");
                if let Some(sign) = out.opened("(").filter(|_| below(3) == 0) {
                    let text = out.text.clone();
                    let behind = out.cut(sign);
                    assert_eq!(format!("{}{behind}", out.text), text);
                    found += 1;
                }
            }
        }
        assert!(found > 100, "{found}");
    }
}
