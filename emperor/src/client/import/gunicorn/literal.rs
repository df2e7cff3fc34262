//! Values of a settings file: what an expression comes to without being executed.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::value::{Processors, Value};

/// What all copies of the values of names may cost, bytes.
pub(super) const COPIES_MAX: usize = 4 * 1024 * 1024;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    None,
    Bool(bool),
    Integer(i64),
    /// Another number, as written.
    Number(String),
    Processors(Processors),
    /// Text, also of the environment.
    Text(Value),
    List(Vec<Literal>),
    /// What a dictionary holds does not matter to any setting that is carried over.
    Dict,
}

impl Literal {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// As the value of an option.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Integer(number) => Some(number.to_string().into()),
            Self::Number(text) => Some(text.as_str().into()),
            Self::Processors(number) => Some((*number).into()),
            Self::Text(value) => Some(value.clone()),
            Self::Bool(on) => Some(if *on { "true" } else { "false" }.into()),
            Self::None | Self::List(_) | Self::Dict => None,
        }
    }

    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Text(value) => value.weight(),
            Self::Number(text) => text.len(),
            Self::List(list) => 16 + list.iter().map(Self::weight).sum::<usize>(),
            Self::None | Self::Bool(_) | Self::Integer(_) | Self::Processors(_) | Self::Dict => 16,
        }
    }

    /// One or several values: gunicorn takes both where it takes several.
    pub(super) fn values(&self) -> Option<Vec<Value>> {
        match self {
            Self::None => Some(Vec::new()),
            Self::List(list) => list.iter().map(Self::value).collect(),
            other => Some(vec![other.value()?]),
        }
    }
}

/// Names of the file with their values.
#[derive(Debug)]
pub(super) struct Names {
    values: BTreeMap<String, Literal>,
    /// What all copies of values together may still cost.
    pub(super) budget: Cell<usize>,
}

impl Default for Names {
    fn default() -> Self {
        Self { values: BTreeMap::new(), budget: Cell::new(COPIES_MAX) }
    }
}

impl Names {
    pub(super) fn set(&mut self, name: &str, value: Literal) {
        self.values.insert(name.to_owned(), value);
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// A copy of a value: a few lines that double each other would fill the memory.
    pub(super) fn get(&self, name: &str) -> Option<Literal> {
        let value = self.values.get(name)?;
        self.budget.set(self.budget.get().checked_sub(value.weight())?);
        Some(value.clone())
    }
}
