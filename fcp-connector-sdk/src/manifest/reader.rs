//! Walking a TOML tree: every look-up that fails leaves a fault with its place, and the walk goes on.

use std::cell::RefCell;
use std::ops::Range;

use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{ManifestError, ManifestFault};

/// The most faults that are reported.
const MAX_FAULTS: usize = 100;

/// The faults that were found so far.
pub(super) struct Faults<'t> {
    text: &'t str,
    found: RefCell<Vec<(usize, ManifestFault)>>,
}

impl<'t> Faults<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::new(Vec::new()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// Records a fault at the byte `offset` of the text.
    pub(super) fn add(&self, offset: usize, path: &str, reason: Reason, message: impl Into<String>) {
        let mut found = self.found.borrow_mut();
        if found.len() < MAX_FAULTS {
            let (line, column) = self.position(offset);
            let fault = ManifestFault { line, column, path: path.to_owned(), reason, message: message.into() };
            found.push((offset, fault));
        }
    }

    /// Line and column of a byte, both from 1, the column in characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
        (line, column)
    }

    pub(super) fn into_error(self) -> ManifestError {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(offset, _)| *offset);
        let mut faults = found.into_iter().map(|(_, fault)| fault);
        let first = faults.next().unwrap_or_else(|| ManifestFault {
            line: 1,
            column: 1,
            path: String::new(),
            reason: Reason::ManifestSyntax,
            message: "the manifest cannot be read".to_owned(),
        });
        ManifestError { first, others: faults.collect() }
    }
}

/// The dotted path of `key` below `path`.
fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A table whose keys are known.
pub(super) struct Section<'r, 't> {
    faults: &'r Faults<'t>,
    /// Nothing, for a section that is left out.
    table: Option<&'r DeTable<'t>>,
    offset: usize,
    path: String,
    known: RefCell<Vec<&'static str>>,
}

impl<'r, 't> Section<'r, 't> {
    pub(super) fn root(faults: &'r Faults<'t>, table: &'r DeTable<'t>) -> Self {
        Self { faults, table: Some(table), offset: 0, path: String::new(), known: RefCell::default() }
    }

    fn find(&self, key: &str) -> Option<Item<'r, 't>> {
        let (key, value) = self.table?.iter().find(|(own, _)| own.get_ref() == key)?;
        Some(Item { faults: self.faults, value, path: below(&self.path, key.get_ref()) })
    }

    /// The value under `key`, if there is one.
    pub(super) fn optional(&self, key: &'static str) -> Option<Item<'r, 't>> {
        self.known.borrow_mut().push(key);
        self.find(key)
    }

    /// The value under `key`, which must be there.
    pub(super) fn required(&self, key: &'static str) -> Option<Item<'r, 't>> {
        let found = self.optional(key);
        if found.is_none() {
            let message = format!("missing key `{key}`");
            self.faults.add(self.offset, &below(&self.path, key), Reason::ManifestMissingKey, message);
        }
        found
    }

    /// The table under `key`; where it is left out, a section without keys.
    pub(super) fn section(&self, key: &'static str) -> Section<'r, 't> {
        self.optional(key).and_then(|item| item.table()).unwrap_or_else(|| Section {
            faults: self.faults,
            table: None,
            offset: self.offset,
            path: below(&self.path, key),
            known: RefCell::default(),
        })
    }

    /// The table under `key`, which must be there.
    pub(super) fn required_section(&self, key: &'static str) -> Option<Section<'r, 't>> {
        self.required(key)?.table()
    }

    /// The entries of a table whose keys are names, each with the name's place.
    pub(super) fn entries(&self) -> Vec<(&'r str, usize, Item<'r, 't>)> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        entries
            .map(|(key, value)| {
                let name: &'r str = key.get_ref();
                let path = below(&self.path, name);
                (name, key.span().start, Item { faults: self.faults, value, path })
            })
            .collect()
    }

    /// Records a fault of the section as a whole.
    pub(super) fn fault(&self, reason: Reason, message: impl Into<String>) {
        self.faults.add(self.offset, &self.path, reason, message);
    }

    /// Ends the section: keys that nobody asked for are faults.
    pub(super) fn finish(self) {
        let known = self.known.into_inner();
        for (key, _) in self.table.into_iter().flat_map(DeTable::iter) {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let path = below(&self.path, name);
                self.faults.add(key.span().start, &path, Reason::ManifestUnknownKey, "unknown key");
            }
        }
    }
}

/// A value with its place.
#[derive(Clone)]
pub(super) struct Item<'r, 't> {
    faults: &'r Faults<'t>,
    value: &'r Spanned<DeValue<'t>>,
    path: String,
}

impl<'r, 't> Item<'r, 't> {
    fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// Records a fault of this value.
    pub(super) fn fault(&self, reason: Reason, message: impl Into<String>) {
        self.faults.add(self.span().start, &self.path, reason, message);
    }

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        let found = self.value.get_ref().type_str();
        self.fault(Reason::ManifestWrongType, format!("expected {expected}, found {found}"));
        None
    }

    pub(super) fn text(&self) -> Option<&'r str> {
        self.value.get_ref().as_str().map_or_else(|| self.wrong_type("a string"), Some)
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        self.value.get_ref().as_bool().map_or_else(|| self.wrong_type("a boolean"), Some)
    }

    /// An integer between `low` and `high`.
    pub(super) fn integer<T: TryFrom<i64>>(&self, low: i64, high: i64) -> Option<T> {
        let Some(integer) = self.value.get_ref().as_integer() else { return self.wrong_type("an integer") };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| (low..=high).contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.fault(Reason::ManifestBadValue, format!("expected an integer from {low} to {high}"));
        }
        number
    }

    /// Text that `parse` reads; its error becomes the fault.
    pub(super) fn parse<T, E: std::fmt::Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
        reason: impl FnOnce(&E) -> Reason,
    ) -> Option<T> {
        parse(self.text()?).map_err(|error| self.fault(reason(&error), error.to_string())).ok()
    }

    /// Text that is one of the names that `find` knows.
    pub(super) fn name<T>(&self, find: impl FnOnce(&str) -> Option<T>, expected: &str) -> Option<T> {
        let found = find(self.text()?);
        if found.is_none() {
            self.fault(Reason::ManifestBadValue, format!("expected {expected}"));
        }
        found
    }

    pub(super) fn array(&self) -> Option<Vec<Self>> {
        let Some(items) = self.value.get_ref().as_array() else { return self.wrong_type("an array") };
        let place = |(index, value)| Self { faults: self.faults, value, path: format!("{}[{index}]", self.path) };
        Some(items.iter().enumerate().map(place).collect())
    }

    /// An array whose items `read` reads, each at most once.
    pub(super) fn list<T: PartialEq>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        let items = self.array()?;
        let mut list = Vec::with_capacity(items.len());
        for item in &items {
            let Some(value) = read(item) else { continue };
            if list.contains(&value) {
                item.fault(Reason::ManifestDuplicate, "stands twice");
            }
            list.push(value);
        }
        Some(list)
    }

    pub(super) fn table(&self) -> Option<Section<'r, 't>> {
        let Some(table) = self.value.get_ref().as_table() else { return self.wrong_type("a table") };
        let (offset, path) = (self.span().start, self.path.clone());
        Some(Section { faults: self.faults, table: Some(table), offset, path, known: RefCell::default() })
    }

    /// The value as an open one; floats and dates are faults (D153).
    pub(super) fn value(&self) -> Option<Value> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Integer(_) => self.integer::<i64>(i64::MIN, i64::MAX).map(Value::from),
            DeValue::Boolean(truth) => Some(Value::from(*truth)),
            DeValue::Array(_) => self.array()?.iter().map(Self::value).collect::<Option<Vec<_>>>().map(Value::from),
            DeValue::Table(_) => self.table()?.value(),
            DeValue::Float(_) | DeValue::Datetime(_) => {
                self.fault(Reason::ManifestFloatOrDate, "floats and dates do not stand in a manifest");
                None
            }
        }
    }
}

impl Section<'_, '_> {
    /// The section as an open value.
    pub(super) fn value(&self) -> Option<Value> {
        let entries = self.entries().into_iter();
        let values: Option<Vec<_>> = entries.map(|(name, _, item)| Some((name, item.value()?))).collect();
        values.map(Value::map)
    }
}
