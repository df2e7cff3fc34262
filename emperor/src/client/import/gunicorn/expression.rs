//! Expressions of a settings file that have a value without being executed: literals, sums of
//! them, the number of processors, variables of the environment, earlier names of the file.

use super::super::value::Value;
use super::literal::{Literal, Names};
use super::operation::{
    PROCESSORS, add, call, divide, environment, filled, multiply, negative, or, percent,
};
use super::token::{self, Token};

/// How deep brackets may stand in brackets.
const DEPTH_MAX: usize = 40;

/// The value of an expression; `None` when it has to be executed to know it.
pub(super) fn evaluate(tokens: &[Token], names: &Names, file: Option<&str>) -> Option<Literal> {
    inside(tokens, names, file, DEPTH_MAX)
}

fn inside(tokens: &[Token], names: &Names, file: Option<&str>, depth: usize) -> Option<Literal> {
    let mut parser = Parser { tokens, names, file, depth };
    let first = parser.either()?;
    let value = if parser.next_is(",") { Literal::List(parser.more(first, None)?) } else { first };
    parser.tokens.is_empty().then_some(value)
}

struct Parser<'a> {
    tokens: &'a [Token],
    names: &'a Names,
    file: Option<&'a str>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn next_is(&self, sign: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is(sign))
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let there = self.next_is(sign);
        if there {
            self.tokens = &self.tokens[1..];
        }
        there
    }

    /// `x or y`.
    fn either(&mut self) -> Option<Literal> {
        self.depth = self.depth.checked_sub(1)?;
        let mut left = self.sum()?;
        while self.tokens.first().and_then(Token::name) == Some("or") {
            self.tokens = &self.tokens[1..];
            let right = self.sum()?;
            left = or(left, right)?;
        }
        self.depth += 1;
        Some(left)
    }

    fn sum(&mut self) -> Option<Literal> {
        let mut left = self.product()?;
        loop {
            let plus = self.next_is("+");
            if !plus && !self.next_is("-") {
                return Some(left);
            }
            self.next();
            let right = self.product()?;
            left = if plus { add(left, right)? } else { add(left, negative(&right)?)? };
        }
    }

    fn product(&mut self) -> Option<Literal> {
        let mut left = self.unary()?;
        loop {
            if self.eat("*") {
                left = multiply(left, self.unary()?)?;
            } else if self.eat("//") {
                left = divide(left, self.unary()?)?;
            } else if self.eat("%") {
                left = percent(left, self.unary()?)?;
            } else {
                return Some(left);
            }
        }
    }

    fn unary(&mut self) -> Option<Literal> {
        if self.eat("-") { negative(&self.postfix()?) } else { self.postfix() }
    }

    /// A value, with `.format(...)` behind a text.
    fn postfix(&mut self) -> Option<Literal> {
        let mut value = self.primary()?;
        while self.next_is(".") {
            self.next();
            let method = self.next()?.name()?;
            if !self.eat("(") {
                return None;
            }
            let arguments = self.list(")")?;
            value = match (method, value, arguments.as_slice()) {
                ("format", Literal::Text(text), parts) => filled(text.plain()?, "{}", parts)?,
                ("rstrip", Literal::Text(text), [Literal::Text(end)]) => {
                    let end: Vec<char> = end.plain()?.chars().collect();
                    Literal::text(text.plain()?.trim_end_matches(end.as_slice()))
                }
                _ => return None,
            };
        }
        Some(value)
    }

    fn primary(&mut self) -> Option<Literal> {
        Some(match self.next()? {
            Token::Integer(number) => Literal::Integer(*number),
            Token::Number(text) => Literal::Number(text.clone()),
            Token::Opaque => return None,
            Token::Text { text, formatted } => {
                let mut whole = self.part(text, *formatted)?;
                while let Some(Token::Text { text, formatted }) = self.tokens.first() {
                    self.next();
                    whole.push(self.part(text, *formatted)?);
                }
                Literal::Text(whole)
            }
            Token::Name(name) => return self.name(name),
            Token::Sign(sign) => match sign.as_str() {
                "[" => Literal::List(self.list("]")?),
                "{" => {
                    self.skip_dict()?;
                    Literal::Dict
                }
                "(" if self.eat(")") => Literal::List(Vec::new()),
                "(" => {
                    let first = self.either()?;
                    if self.eat(")") {
                        first
                    } else if self.next_is(",") {
                        Literal::List(self.more(first, Some(")"))?)
                    } else {
                        return None;
                    }
                }
                _ => return None,
            },
        })
    }

    /// The rest of a list whose first value is read, up to `end` (or the end of the line).
    fn more(&mut self, first: Literal, end: Option<&str>) -> Option<Vec<Literal>> {
        let mut list = vec![first];
        while self.eat(",") {
            match end {
                Some(end) if self.next_is(end) => break,
                None if self.tokens.is_empty() => break,
                _ => list.push(self.either()?),
            }
        }
        match end {
            Some(end) => self.eat(end).then_some(list),
            None => Some(list),
        }
    }

    fn list(&mut self, end: &str) -> Option<Vec<Literal>> {
        if self.eat(end) {
            return Some(Vec::new());
        }
        let first = self.either()?;
        self.more(first, Some(end))
    }

    fn skip_dict(&mut self) -> Option<()> {
        let mut open = 1_usize;
        while open > 0 {
            match self.next()? {
                Token::Sign(sign) if matches!(sign.as_str(), "{" | "[" | "(") => open += 1,
                Token::Sign(sign) if matches!(sign.as_str(), "}" | "]" | ")") => open -= 1,
                _ => {}
            }
        }
        Some(())
    }

    /// A text; `{...}` of a formatted one is an expression of its own.
    fn part(&self, text: &str, formatted: bool) -> Option<Value> {
        if !formatted {
            return Some(text.into());
        }
        let depth = self.depth.checked_sub(1)?;
        let mut whole = Value::default();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            whole.push(rest[..at].into());
            if let Some(after) = rest[at..].strip_prefix("{{").or(rest[at..].strip_prefix("}}")) {
                whole.push(rest[at..=at].into());
                rest = after;
                continue;
            }
            let end = at + rest[at..].find('}')?;
            let lines = token::lines(rest.get(at + 1..end)?).ok()?;
            let [line] = lines.as_slice() else { return None };
            whole.push(inside(&line.tokens, self.names, self.file, depth)?.value()?);
            rest = &rest[end + 1..];
        }
        whole.push(rest.into());
        Some(whole)
    }

    /// A name, a dotted name, a call or a look-up.
    fn name(&mut self, first: &str) -> Option<Literal> {
        let mut path = first.to_owned();
        while self.next_is(".") {
            self.next();
            path.push('.');
            path.push_str(self.next()?.name()?);
        }
        if self.eat("[") {
            let key = self.list("]")?;
            return match (path.as_str(), key.as_slice()) {
                ("os.environ" | "environ", [Literal::Text(name)]) => {
                    Some(environment(name.plain()?, None))
                }
                _ => None,
            };
        }
        if !self.next_is("(") {
            return match path.as_str() {
                "None" => Some(Literal::None),
                "True" => Some(Literal::Bool(true)),
                "False" => Some(Literal::Bool(false)),
                "__file__" => self.file.map(Literal::text),
                name => self.names.get(name),
            };
        }
        self.next();
        if path == "len" {
            return self.affinity();
        }
        let arguments = self.list(")")?;
        call(&path, &arguments)
    }

    /// `len(os.sched_getaffinity(0))` is a way to ask for the processors.
    fn affinity(&mut self) -> Option<Literal> {
        let names = [self.next()?.name()?, {
            self.eat(".");
            self.next()?.name()?
        }];
        let asked = names == ["os", "sched_getaffinity"] && self.eat("(");
        let zero = matches!(self.next()?, Token::Integer(0));
        (asked && zero && self.eat(")") && self.eat(")")).then_some(PROCESSORS)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::value::Processors;
    use super::super::literal::COPIES_MAX;
    use super::*;

    fn read(text: &str) -> Option<Literal> {
        let mut names = Names::default();
        names.set("port", Literal::Integer(80));
        names.set("home", Literal::text("/srv/x"));
        let lines = token::lines(text).unwrap();
        evaluate(&lines.first()?.tokens, &names, Some("/srv/x/conf.py"))
    }

    #[test]
    fn what_needs_no_execution_has_a_value() {
        let processors = |times, plus, over| Literal::Processors(Processors { times, plus, over });
        for (text, want) in [
            ("'a' \"b\" + 'c'", Literal::text("abc")),
            ("2 * 1024 + 1", Literal::Integer(2049)),
            ("(1 + 2) * 3 // 2", Literal::Integer(4)),
            ("multiprocessing.cpu_count() * 2 + 1", processors(2, 1, 1)),
            ("1 + 2 * os.cpu_count()", processors(2, 1, 1)),
            ("(os.cpu_count() or 1) // 2", processors(1, 0, 2)),
            ("len(os.sched_getaffinity(0)) + 1", processors(1, 1, 1)),
            ("f'0.0.0.0:{port}'", Literal::text("0.0.0.0:80")),
            ("'{}:{}'.format('h', port)", Literal::text("h:80")),
            ("'h:%s' % port", Literal::text("h:80")),
            ("'%s:%d' % ('h', 1)", Literal::text("h:1")),
            ("os.path.join(home, 'run', 'a.sock')", Literal::text("/srv/x/run/a.sock")),
            ("os.path.dirname(os.path.abspath(__file__))", Literal::text("/srv/x")),
            ("-1", Literal::Integer(-1)),
            ("None", Literal::None),
            ("{'a': [1, (2)]}", Literal::Dict),
            ("os.environ['A']", environment("A", None)),
            ("os.getenv('A')", environment("A", None)),
            ("int(os.environ.get('A', 4))", environment("A", Some("4".into()))),
            ("os.environ.get('A') or 'b'", environment("A", Some("b".into()))),
        ] {
            assert_eq!(read(text), Some(want), "{text}");
        }
        let list = Literal::List(vec![Literal::text("a"), Literal::text("b")]);
        for text in ["['a', 'b',]", "('a', 'b')", "'a', 'b'"] {
            assert_eq!(read(text), Some(list.clone()), "{text}");
        }
    }

    #[test]
    fn what_has_to_be_executed_has_none() {
        for text in [
            "unknown",
            "open('/etc/passwd').read()",
            "1 if x else 2",
            "f'{port:>5}'",
            "'%(a)s' % port",
            "[x for x in y]",
            "lambda: 1",
            "1 / 2",
            "a.b",
            "9223372036854775807 + 1",
            "os.environ",
            "os.environ.get(*x)",
            "not 1",
            "'a' +",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn values_that_double_each_other_end_somewhere() {
        let mut names = Names::default();
        names.set("a", Literal::text("0123456789"));
        for text in ["[a, a]", "os.getenv('X', a)", "f'{a}{a}'"].repeat(40) {
            let lines = token::lines(text).unwrap();
            match evaluate(&lines[0].tokens, &names, None) {
                Some(value) => names.set("a", value),
                None => names.set("a", Literal::text("0")),
            }
        }
        assert!(names.budget.get() < COPIES_MAX);
        let before = names.budget.get();
        while let Some(value) = names.get("a") {
            assert!(value.weight() <= before);
        }
    }

    #[test]
    fn brackets_end_somewhere() {
        for (open, close) in [("(", ")"), ("[", "]"), ("f'{", "}'")] {
            let text = open.repeat(100_000) + "1" + &close.repeat(100_000);
            if let Ok(lines) = token::lines(&text) {
                assert_eq!(evaluate(&lines[0].tokens, &Names::default(), None), None);
            }
        }
    }
}
