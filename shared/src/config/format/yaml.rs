//! YAML: a mapping of options below the key `uwsgi`, or below the name that was asked for.
//!
//! A list repeats its key and so does a repeated key; every scalar is its text (`true`, `1.0`,
//! `~`), with quotes and escapes resolved. uWSGI knows two readers, one on libyaml and a simple
//! one of lines that the builds of PyPI have. What is YAML is read as the first does it; what is
//! not is tried once more [`loose`]ly, as the second does it.
//!
//! saphyr-parser makes events; they become a small tree per document, because an alias may
//! repeat any part of it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::loose::{self, Loose};
use super::{Builder, Cursor, DEPTH_MAX, Document, Fault, Place, START, named};

/// The most values of one file, whatever the section.
const NODES_MAX: usize = 60_000;
/// The most values that are visited, aliases followed.
const VISITS_MAX: usize = 200_000;

/// The most marks of lists and mappings in brackets: saphyr-parser holds all that is between
/// the first and the last bracket in memory.
const MARKS_MAX: usize = 60_000;

/// Reads a section.
pub(super) fn read(text: &str, wanted: &str) -> Result<Document, Fault> {
    if let Some(byte) = text
        .match_indices('\r')
        .map(|(byte, _)| byte)
        .find(|byte| !text[byte + 1..].starts_with('\n'))
    {
        // a line end to YAML and to nothing else: places would differ
        let what = "a carriage return alone: expected lines that end in a line feed";
        return Err(Fault::new(Cursor::new(text).place(byte), what));
    }
    let marks = |text: &str| text.bytes().filter(|byte| b",[]{}:?&*!\"'".contains(byte)).count();
    if text.contains(['[', '{']) && marks(text) > MARKS_MAX {
        let what = format!("more than {MARKS_MAX} commas, colons, quotes and brackets");
        return Err(Fault::new(START, what));
    }
    let fault = match parse(text, wanted, None) {
        Ok(document) => return Ok(document),
        Err(fault) => fault,
    };
    let Some(loose) = loose::mend(text) else { return Err(fault) };
    // the first complaint is about the text as it is
    parse(&loose.text, wanted, Some(&loose)).map_err(|_| fault)
}

fn parse(text: &str, wanted: &str, loose: Option<&Loose>) -> Result<Document, Fault> {
    let mut out = Builder::default();
    if let Some(loose) = loose {
        for place in &loose.places {
            out.note(*place, "not YAML, read as text: uWSGI with libyaml refuses it; quote it");
        }
    }
    let mut tree = Tree { mended: loose.is_some(), ..Tree::default() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let mark = error.marker();
            let at = place(mark.line(), mark.col());
            match nameless(text, at.line) {
                Some(at) if error.info().contains("key") || error.info().contains("mapping") => {
                    Fault::new(at, EXPECTED)
                }
                _ => Fault::new(at, explain(error.info())),
            }
        })?;
        let at = place(span.start.line(), span.start.col());
        match event {
            Event::DocumentStart(_) if out.document.found => {
                out.note(at, "another document: only the first one with the section is read");
            }
            Event::DocumentEnd => {
                tree.document(wanted, &mut out)?;
                tree = Tree { mended: tree.mended, count: tree.count, ..Tree::default() };
            }
            event => tree.grow(event, span, at)?,
        }
    }
    Ok(out.document)
}

fn place(line: usize, column: usize) -> Place {
    Place { line: line.max(1) as u32, column: column as u32 + 1 }
}

/// A value: its place, what it is, how it was written.
struct Node<'t> {
    at: Place,
    shape: Shape<'t>,
    /// Written in brackets or braces.
    flow: bool,
    /// An anchor, an alias or a tag: uWSGI understands none of them.
    special: bool,
}

enum Shape<'t> {
    /// A text; `none` when nothing was written.
    Scalar { text: Cow<'t, str>, none: bool },
    /// A list.
    List(Vec<usize>),
    /// Keys and values.
    Mapping(Vec<(usize, usize)>),
    /// The node that was anchored.
    Alias(usize),
}

/// The values of one document.
#[derive(Default)]
struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    /// The lists and mappings that are not closed yet, with the key that waits for its value.
    open: Vec<(usize, Option<usize>)>,
    anchors: HashMap<usize, usize>,
    /// The values of all documents so far.
    count: usize,
    /// Whether the values hold substitutes.
    mended: bool,
}

impl<'t> Tree<'t> {
    fn grow(&mut self, event: Event<'t>, span: Span, at: Place) -> Result<(), Fault> {
        let (shape, anchor, tagged) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let none = style == ScalarStyle::Plain && text.is_empty();
                let text = if self.mended { loose::restore(text) } else { text };
                (Shape::Scalar { text, none }, anchor, tag.is_some())
            }
            Event::SequenceStart(anchor, tag) => (Shape::List(Vec::new()), anchor, tag.is_some()),
            Event::MappingStart(anchor, tag) => (Shape::Mapping(Vec::new()), anchor, tag.is_some()),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(Fault::new(at, "expected the name of an anchor in this document"));
                };
                (Shape::Alias(*node), 0, true)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                return Ok(());
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => return Ok(()),
        };
        self.count += 1;
        if self.count > NODES_MAX {
            return Err(Fault::new(at, format!("more than {NODES_MAX} values in one file")));
        }
        let index = self.nodes.len();
        if anchor > 0 {
            self.anchors.insert(anchor, index);
        }
        self.attach(index);
        if matches!(shape, Shape::List(_) | Shape::Mapping(_)) {
            if self.open.len() >= DEPTH_MAX {
                return Err(Fault::too_deep(at));
            }
            self.open.push((index, None));
        }
        let special = tagged || anchor > 0;
        self.nodes.push(Node { at, shape, flow: !span.is_empty(), special });
        Ok(())
    }

    /// Makes a node a part of the innermost one that is open.
    fn attach(&mut self, index: usize) {
        let Some((parent, key)) = self.open.last_mut() else { return };
        match &mut self.nodes[*parent].shape {
            Shape::List(items) => items.push(index),
            Shape::Mapping(members) => match key.take() {
                Some(key) => members.push((key, index)),
                None => *key = Some(index),
            },
            Shape::Scalar { .. } | Shape::Alias(_) => {}
        }
    }

    /// A node, through an alias. What an alias names is never an alias itself.
    fn node(&self, index: usize) -> &Node<'t> {
        match self.nodes[index].shape {
            Shape::Alias(target) => &self.nodes[target],
            _ => &self.nodes[index],
        }
    }

    fn text(&self, index: usize) -> Option<&str> {
        match &self.node(index).shape {
            Shape::Scalar { text, .. } => Some(text),
            Shape::List(_) | Shape::Mapping(_) | Shape::Alias(_) => None,
        }
    }

    /// Looks for the section at the end of a document.
    fn document(&self, wanted: &str, out: &mut Builder) -> Result<(), Fault> {
        if self.nodes.is_empty() || out.document.found {
            return Ok(());
        }
        let Shape::Mapping(members) = &self.node(0).shape else { return Ok(()) };
        for (key, value) in members {
            let Some(name) = self.text(*key) else { continue };
            out.section(name);
            if name != wanted {
                continue;
            }
            let at = self.nodes[*key].at;
            if out.document.found {
                out.note(at, "this section is there twice: only the first one is read");
                continue;
            }
            out.document.found = true;
            let node = self.node(*value);
            if node.flow && !matches!(node.shape, Shape::Scalar { .. }) {
                out.note(at, "in braces or brackets: uWSGI reads none of these options");
            }
            Walk { tree: self, out, visits: 0, hidden: Vec::new(), noted: false }
                .section(*value, at)?;
        }
        Ok(())
    }
}

/// Turns a section into pairs.
struct Walk<'w, 't> {
    tree: &'w Tree<'t>,
    out: &'w mut Builder,
    visits: usize,
    /// The keys that the mappings around a merged one have themselves.
    hidden: Vec<HashSet<&'w str>>,
    /// Whether the note about anchors, aliases and tags was made.
    noted: bool,
}

impl<'w> Walk<'w, '_> {
    fn section(&mut self, value: usize, at: Place) -> Result<(), Fault> {
        let what = "expected options below the section, \"name: value\"";
        match &self.tree.node(value).shape {
            Shape::Mapping(_) => self.mapping(value, 1)?,
            Shape::Scalar { none: true, .. } => self.out.note(at, "the section has no options"),
            Shape::Scalar { .. } | Shape::Alias(_) => self.out.note(at, what),
            Shape::List(items) => {
                self.out.note(at, "a list of options: uWSGI reads the first one at most");
                for item in items {
                    match self.tree.node(*item).shape {
                        Shape::Mapping(_) => self.mapping(*item, 1)?,
                        _ => self.out.note(self.tree.nodes[*item].at, what),
                    }
                }
            }
        }
        Ok(())
    }

    fn visit(&mut self, index: usize, depth: usize) -> Result<(), Fault> {
        let node = &self.tree.nodes[index];
        self.visits += 1;
        if depth > DEPTH_MAX {
            return Err(Fault::too_deep(node.at));
        }
        if self.visits > VISITS_MAX {
            return Err(Fault::new(node.at, format!("aliases make more than {VISITS_MAX} values")));
        }
        if node.special && !self.noted {
            self.noted = true;
            let what = "an anchor, alias or tag, read as YAML says: uWSGI drops options at it";
            self.out.note(node.at, what);
        }
        Ok(())
    }

    fn mapping(&mut self, index: usize, depth: usize) -> Result<(), Fault> {
        self.visit(index, depth)?;
        let tree = self.tree;
        let Shape::Mapping(members) = &tree.node(index).shape else { return Ok(()) };
        for (key, value) in members {
            self.visit(*key, depth)?;
            let at = tree.nodes[*key].at;
            match tree.text(*key) {
                None => self.out.note(at, "a list or mapping instead of a name: dropped"),
                Some("<<") => self.merge(*value, members, depth)?,
                Some(name) if self.hidden.iter().any(|keys| keys.contains(name)) => {}
                Some(name) => self.value(name, *value, at, depth)?,
            }
        }
        Ok(())
    }

    /// `<<: *base`: the options of another mapping, but for those that are here.
    fn merge(
        &mut self,
        value: usize,
        members: &'w [(usize, usize)],
        depth: usize,
    ) -> Result<(), Fault> {
        self.visit(value, depth)?;
        self.visits += members.len();
        let tree = self.tree;
        let keys = members.iter().filter_map(|(key, _)| tree.text(*key));
        self.hidden.push(keys.filter(|key| *key != "<<").collect());
        let sources = match &tree.node(value).shape {
            Shape::List(items) => items.as_slice(),
            _ => &[value],
        };
        for source in sources {
            match tree.node(*source).shape {
                Shape::Mapping(_) => self.mapping(*source, depth + 1)?,
                _ => self.out.note(tree.nodes[*source].at, "expected a mapping to merge: dropped"),
            }
        }
        self.hidden.pop();
        Ok(())
    }

    /// The value of an option; `at` is its key's place, or its own in a list.
    fn value(&mut self, key: &str, index: usize, at: Place, depth: usize) -> Result<(), Fault> {
        self.visit(index, depth)?;
        let tree = self.tree;
        match &tree.node(index).shape {
            Shape::Scalar { none: true, .. } => {
                let what = "has no value: ignored (write \"\" for an empty one)";
                self.out.note(at, format!("{} {what}", named(key)));
            }
            Shape::Scalar { text, .. } => self.out.push(key, text, at, false)?,
            Shape::List(items) => {
                if items.is_empty() {
                    self.out.note(at, format!("{} is an empty list: nothing is set", named(key)));
                }
                for item in items {
                    let at = tree.nodes[*item].at;
                    if matches!(tree.node(*item).shape, Shape::List(_)) {
                        self.out.note(at, "a list in a list: read as if it were one");
                    }
                    self.value(key, *item, at, depth + 1)?;
                }
            }
            Shape::Mapping(_) => {
                let what = "holds a mapping: dropped, what it holds is read as options";
                self.out.note(at, format!("{} {what}", named(key)));
                self.mapping(index, depth + 1)?;
            }
            Shape::Alias(_) => {}
        }
        Ok(())
    }
}

/// What a line has to be.
const EXPECTED: &str = "expected \"name: value\" with a blank behind the colon";

/// The last line before this one, if it is neither `name: value` nor `- value`. The parser
/// takes such a line for the beginning of something and complains about the next one.
fn nameless(text: &str, before: u32) -> Option<Place> {
    let lines = text.split('\n').zip(1..before).collect::<Vec<_>>();
    let full = |line: &&(&str, u32)| !line.0.trim().is_empty() && !line.0.trim().starts_with('#');
    let (line, number) = lines.iter().rev().find(full)?;
    let content = line.trim();
    let colon = content.contains(": ") || content.ends_with(':');
    let column = line.len() - line.trim_start().len();
    (!colon && !content.starts_with(['-', '?', '%', '.']))
        .then_some(place(*number as usize, column))
}

/// What saphyr-parser complains about, in terms of what was expected.
fn explain(info: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("recursion limit", "nested deeper than 64 levels"),
        ("tab", "a tab where YAML wants blanks: indent with blanks"),
        ("anchor", "expected the name of an anchor: quote a value that starts with * or &"),
        (
            "mapping values are not allowed",
            "\": \" in a value, or a line that is indented \
         differently from those above: quote the value or align the keys",
        ),
        ("mapping keys are not allowed", "expected \"name: value\""),
        ("simple key expect", EXPECTED),
        ("illegal placement of ':'", "expected a name before the colon"),
        ("found unexpected end of stream", "a quote that is not closed"),
        (
            "indentation in quoted",
            "a quote that is not closed, or lines in quotes that are not \
         indented by more than the name",
        ),
        ("invalid indentation", "lines in brackets have to be indented by more than the name"),
        ("document indicator", "a quote that is not closed"),
        ("trailing content after double", "expected nothing behind the closing quote"),
        ("escape", "a \\ in double quotes with something behind it that YAML does not know"),
        ("hexadecimal", "expected hexadecimal digits behind \\x, \\u or \\U"),
        ("expected key", "expected \"name: value\", indented as the lines above"),
        ("'-' indicator", "expected \"- value\", indented as the lines above"),
        ("block sequence entries", "a list may not start here: put \"- value\" on its own line"),
        ("flow", "expected a comma or the closing bracket: quote a value that starts with [ or {"),
        ("bracket", "a closing bracket without an opening one: quote the value"),
        ("node content", "expected a value: quote one that starts with ] } , or similar"),
        ("unexpected character", "a value may not start with this character: quote it"),
        ("cannot start with '-'", "a value may not start with - and a bracket: quote it"),
        (
            "block scalar",
            "expected the lines of a text below | or >, indented by more than the name",
        ),
        ("handle", "a tag that is not declared: quote a value that starts with !"),
        ("tag", "expected a tag behind !: quote a value that starts with !"),
        ("document start", "expected the end of the file, or --- before another document"),
        ("unexpected eof", "the text ends too early"),
        ("directive", "expected %YAML or %TAG: quote a value that starts with %"),
    ];
    let known = WORDS.iter().find(|(part, _)| info.contains(part));
    known.map_or_else(|| format!("not YAML: {info}"), |(_, words)| (*words).to_owned())
}
