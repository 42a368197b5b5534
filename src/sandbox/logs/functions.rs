//! The functions of log SQL: a table of those on one row, and one of those on many.

use std::cmp::Ordering;
use std::rc::Rc;

use jiff::Timestamp;
use regex_bites::Regex;
use serde_json::{Map, Value as Json, json};

use super::sql::{Refusal, generic};

/// A value of the database.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// Microseconds, and whether they are shown.
    Time(i64, bool),
    List(Rc<Vec<Value>>),
    Map(Rc<Vec<(&'static str, Rc<str>)>>),
}

use Value::{Float, Int, List, Null, Text, Time};

type Made = Result<Value, Refusal>;
pub(super) type Aggregate = fn(&[Value], f64) -> Made;

/// A function on one row: its name, whether an absent argument makes it absent, the least number of
/// arguments, and what it does. Names in small letters may be written in any case.
#[derive(Clone, Copy)]
pub(super) struct Scalar(&'static str, bool, usize, fn(&[Value]) -> Made);

impl Scalar {
    pub(super) fn call(&self, values: &[Value]) -> Made {
        if values.len() < self.2 {
            return Err(generic());
        }
        if self.1 && values.contains(&Null) {
            return Ok(Null);
        }
        (self.3)(values)
    }
}

pub(super) fn scalar(name: &str) -> Option<Scalar> {
    let fits = |known: &&Scalar| {
        known.0 == name
            || known.0.eq_ignore_ascii_case(name) && !known.0.contains(char::is_uppercase)
    };
    SCALARS.iter().find(fits).copied()
}

pub(super) fn aggregate(name: &str) -> Option<Aggregate> {
    let known = AGGREGATES.iter().find(|(known, _)| *known == name);
    known.map(|(_, work)| *work)
}

#[rustfmt::skip] // a line for each
const SCALARS: &[Scalar] = &[
    Scalar("toString", true, 1, |v| Ok(Value::text(&v[0].plain()))),
    Scalar("lower", true, 1, |v| Ok(Value::text(&text(&v[0])?.to_ascii_lowercase()))),
    Scalar("upper", true, 1, |v| Ok(Value::text(&text(&v[0])?.to_ascii_uppercase()))),
    Scalar("concat", true, 1, |v| Ok(Value::text(&v.iter().map(Value::plain).collect::<String>()))),
    Scalar("char", true, 1, |v| {
        let bytes: Option<Vec<u8>> = v.iter().map(|v| u8::try_from(v.int()?).ok()).collect();
        Ok(Value::text(&String::from_utf8_lossy(
            &bytes.ok_or_else(generic)?,
        )))
    }),
    Scalar("length", true, 1, |v| Ok(size(length(&v[0])?))),
    Scalar("startsWith", true, 2, |v| Ok(flag(text(&v[0])?.starts_with(text(&v[1])?)))),
    Scalar("endsWith", true, 2, |v| Ok(flag(text(&v[0])?.ends_with(text(&v[1])?)))),
    Scalar("position", true, 2, |v| Ok(size(text(&v[0])?.find(text(&v[1])?).map_or(0, |at| at + 1)))),
    Scalar("positionCaseInsensitive", true, 2, |v| place(&v[0], &v[1])),
    Scalar("positionCaseInsensitiveUTF8", true, 2, |v| place(&v[0], &v[1])),
    Scalar("substring", true, 2, |v| {
        let (text, from) = (text(&v[0])?, int(&v[1])?.max(1) - 1);
        let length = v.get(2).map_or(Ok(i64::MAX), int)?;
        let (from, length) = (usize::try_from(from), usize::try_from(length));
        let bytes = text
            .bytes()
            .skip(from.unwrap_or(0))
            .take(length.unwrap_or(0));
        Ok(Value::text(&String::from_utf8_lossy(
            &bytes.collect::<Vec<_>>(),
        )))
    }),
    Scalar("empty", true, 1, |v| Ok(flag(length(&v[0])? == 0))),
    Scalar("notEmpty", true, 1, |v| Ok(flag(length(&v[0])? > 0))),
    Scalar("match", true, 2, |v| { let pattern = Regex::new(text(&v[1])?).map_err(|_| generic())?; Ok(flag(pattern.is_match(text(&v[0])?))) }),
    Scalar("like", true, 2, |v| is_like(text(&v[0])?, text(&v[1])?)),
    Scalar("ilike", true, 2, |v| is_like(&text(&v[0])?.to_lowercase(), &text(&v[1])?.to_lowercase())),
    Scalar("toInt32OrZero", true, 1, |v| Ok(Int(number::<i32>(&v[0])?.unwrap_or(0).into()))),
    Scalar("toInt64OrZero", true, 1, |v| Ok(Int(number(&v[0])?.unwrap_or(0)))),
    Scalar("toFloat64OrZero", true, 1, |v| Ok(Float(number(&v[0])?.unwrap_or(0.0)))),
    Scalar("toInt32OrNull", true, 1, |v| Ok(number::<i32>(&v[0])?.map_or(Null, |n| Int(n.into())))),
    Scalar("toFloat64OrNull", true, 1, |v| Ok(number(&v[0])?.map_or(Null, Float))),
    Scalar("toUnixTimestamp64Micro", true, 1, |v| match v[0] { Time(time, true) => Ok(Int(time)), _ => Err(generic()), }),
    Scalar("fromUnixTimestamp64Micro", true, 1, |v| Ok(Time(int(&v[0])?, true))),
    Scalar("toUnixTimestamp", true, 1, |v| Ok(Int(time(&v[0])?.div_euclid(1_000_000)))),
    Scalar("toDateTime", true, 1, |v| match &v[0] {
        Int(seconds) => Ok(Time(seconds * 1_000_000, false)),
        other => Ok(Time(floor(time(other)?, 1), false)),
    }),
    Scalar("toDateTime64", true, 1, |v| Ok(Time(time(&v[0])?, true))),
    Scalar("toStartOfMinute", true, 1, |v| Ok(Time(floor(time(&v[0])?, 60), false))),
    Scalar("toStartOfFiveMinutes", true, 1, |v| Ok(Time(floor(time(&v[0])?, 300), false))),
    Scalar("toStartOfHour", true, 1, |v| Ok(Time(floor(time(&v[0])?, 3600), false))),
    Scalar("toStartOfDay", true, 1, |v| Ok(Time(floor(time(&v[0])?, 86_400), false))),
    Scalar("toStartOfInterval", true, 2, |v| Ok(Time(floor(time(&v[0])?, int(&v[1])?), false))),
    Scalar("formatDateTime", true, 2, |v| {
        let format = text(&v[1])?.replace("%i", "%M");
        let time = Timestamp::from_microsecond(time(&v[0])?).map_err(|_| generic())?;
        Ok(Value::text(&time.strftime(&format).to_string()))
    }),
    Scalar("mapKeys", true, 1, |v| match &v[0] {
        Value::Map(map) => Ok(List(Rc::new(
            map.iter().map(|(key, _)| Value::text(key)).collect(),
        ))),
        _ => Err(generic()),
    }),
    Scalar("arrayElement", true, 2, |v| match (&v[0], &v[1]) {
        (Value::Map(map), Text(wanted)) => {
            let found = map.iter().find(|(key, _)| *key == &**wanted);
            Ok(Text(
                found.map_or_else(|| Rc::from(""), |(_, value)| value.clone()),
            ))
        }
        _ => Err(generic()),
    }),
    Scalar("if", false, 3, |v| Ok(v[if truth(&v[0]) { 1 } else { 2 }].clone())),
    Scalar("multiIf", false, 3, |v| {
        let last = v.last().cloned().unwrap_or(Null);
        let mut branches = v.chunks_exact(2);
        Ok(branches
            .find(|pair| truth(&pair[0]))
            .map_or(last, |pair| pair[1].clone()))
    }),
    Scalar("mapContains", true, 2, |v| match &v[0] {
        Value::Map(map) => { let wanted = text(&v[1])?; Ok(flag(map.iter().any(|(key, _)| *key == wanted))) }
        _ => Err(generic()),
    }),
    Scalar("isNotNull", false, 1, |v| Ok(flag(v[0] != Null))),
    Scalar("nullIf", false, 2, |v| Ok(if v[0] != Null && v[1] != Null && compare(&v[0], &v[1])? == Some(Ordering::Equal) { Null } else { v[0].clone() })),
    Scalar("isNull", false, 1, |v| Ok(flag(v[0] == Null))),
    Scalar("coalesce", false, 1, |v| Ok(v.iter().find(|v| **v != Null).cloned().unwrap_or(Null))),
    Scalar("ifNull", false, 2, |v| Ok(v[usize::from(v[0] == Null)].clone())),
    Scalar("and", false, 1, |v| Ok(logic(v, false))),
    Scalar("or", false, 1, |v| Ok(logic(v, true))),
    Scalar("not", true, 1, |v| Ok(flag(!truth(&v[0])))),
    Scalar("negate", true, 1, |v| match v[0] { Int(number) => Ok(Int(-number)), _ => Ok(Float(-float(&v[0])?)), }),
    Scalar("equals", true, 2, |v| Ok(flag(compare(&v[0], &v[1])? == Some(Ordering::Equal)))),
    Scalar("notEquals", true, 2, |v| Ok(flag(compare(&v[0], &v[1])? != Some(Ordering::Equal)))),
    Scalar("less", true, 2, |v| Ok(flag(compare(&v[0], &v[1])? == Some(Ordering::Less)))),
    Scalar("greater", true, 2, |v| Ok(flag(compare(&v[0], &v[1])? == Some(Ordering::Greater)))),
    Scalar("lessOrEquals", true, 2, |v| Ok(flag(compare(&v[0], &v[1])?.is_some_and(Ordering::is_le)))),
    Scalar("greaterOrEquals", true, 2, |v| Ok(flag(compare(&v[0], &v[1])?.is_some_and(Ordering::is_ge)))),
    Scalar("between", true, 3, |v| {
        let least = compare(&v[0], &v[1])?.is_some_and(Ordering::is_ge);
        Ok(flag(
            least && compare(&v[0], &v[2])?.is_some_and(Ordering::is_le),
        ))
    }),
    Scalar("in", true, 1, |v| { for one in &v[1..] { if compare(&v[0], one)? == Some(Ordering::Equal) { return Ok(flag(true)); } } Ok(flag(false)) }),
    Scalar("plus", true, 2, |v| calculate(v, i64::checked_add, |a, b| a + b)),
    Scalar("minus", true, 2, |v| calculate(v, i64::checked_sub, |a, b| a - b)),
    Scalar("multiply", true, 2, |v| calculate(v, i64::checked_mul, |a, b| a * b)),
    Scalar("modulo", true, 2, |v| calculate(v, i64::checked_rem, |a, b| a % b)),
    Scalar("divide", true, 2, |v| Ok(Float(float(&v[0])? / float(&v[1])?))),
    Scalar("intDiv", true, 2, |v| int(&v[0])?.checked_div(int(&v[1])?).map(Int).ok_or_else(generic)),
    Scalar("round", true, 1, |v| {
        let digits = v.get(1).map_or(Ok(0), int)?;
        let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
        Ok(Float((float(&v[0])? * scale).round_ties_even() / scale))
    }),
    Scalar("floor", true, 1, |v| Ok(Float(float(&v[0])?.floor()))),
    Scalar("ceil", true, 1, |v| Ok(Float(float(&v[0])?.ceil()))),
];

/// What is made of the values of a group, absent ones left out; the number is a level of `quantile`.
#[rustfmt::skip] // a line for each
const AGGREGATES: &[(&str, Aggregate)] = &[
    ("count", |v, _| Ok(size(v.len()))),
    ("uniq", |v, _| Ok(size(distinct(v)))),
    ("uniqExact", |v, _| Ok(size(distinct(v)))),
    ("any", |v, _| Ok(v.first().cloned().unwrap_or(Null))),
    ("min", |v, _| { Ok(v.iter().min_by(|a, b| compare_for_order(a, b, false)).cloned().unwrap_or(Null)) }),
    ("max", |v, _| { Ok(v.iter().max_by(|a, b| compare_for_order(a, b, false)).cloned().unwrap_or(Null)) }),
    ("sum", |v, _| { let zero = Ok(Int(0)); v.iter().fold(zero, |sum, value| { calculate(&[sum?, value.clone()], i64::checked_add, |a, b| a + b) }) }),
    ("avg", |v, _| { let sum: f64 = floats(v)?.iter().sum(); Ok(if v.is_empty() { Null } else { Float(sum / count(v.len())) }) }),
    ("quantile", quantile),
    ("median", |v, _| quantile(v, 0.5)),
];

/// Between the two values that a level falls between, as the database does for groups up to 8192.
fn quantile(values: &[Value], level: f64) -> Made {
    let mut values = floats(values)?;
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return Ok(Null);
    };
    let place = level.clamp(0.0, 1.0) * count(last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let (below, part) = (place.floor() as usize, place.fract());
    let above = values[(below + 1).min(last)];
    Ok(Float(values[below] + (above - values[below]) * part))
}

fn floats(values: &[Value]) -> Result<Vec<f64>, Refusal> {
    values.iter().map(float).collect()
}

fn distinct(values: &[Value]) -> usize {
    let texts = values.iter().map(Value::plain);
    texts.collect::<std::collections::BTreeSet<_>>().len()
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Text(Rc::from(text))
    }

    fn int(&self) -> Option<i64> {
        match self {
            Int(number) => Some(*number),
            _ => None,
        }
    }

    /// As `toString` writes it.
    fn plain(&self) -> String {
        match self {
            Text(text) => text.to_string(),
            Time(..) => self.json().as_str().unwrap_or_default().replace('T', " "),
            other => other.json().to_string(),
        }
    }

    pub(super) fn json(&self) -> Json {
        match self {
            Null => Json::Null,
            Int(number) => json!(number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it has no fraction and is small"
            )]
            Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                json!(*number as i64)
            }
            Float(number) => json!(number),
            Text(text) => json!(&**text),
            Time(time, shown) => {
                let time = Timestamp::from_microsecond(*time).unwrap_or_default();
                let format = if *shown {
                    "%Y-%m-%dT%H:%M:%S%.6f"
                } else {
                    "%Y-%m-%dT%H:%M:%S"
                };
                json!(time.strftime(format).to_string())
            }
            List(items) => items.iter().map(Value::json).collect(),
            Value::Map(map) => {
                let pairs = map.iter();
                let pairs = pairs.map(|(key, value)| ((*key).to_owned(), json!(&**value)));
                Json::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }
}

pub(super) fn truth(value: &Value) -> bool {
    match value {
        Int(number) => *number != 0,
        Float(number) => *number != 0.0,
        _ => false,
    }
}

fn flag(value: bool) -> Value {
    Int(i64::from(value))
}

fn size(number: usize) -> Value {
    Int(i64::try_from(number).unwrap_or(i64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "so many rows there are not")]
fn count(number: usize) -> f64 {
    number as f64
}

fn text(value: &Value) -> Result<&str, Refusal> {
    match value {
        Text(text) => Ok(text),
        _ => Err(generic()),
    }
}

/// Bytes of a text, elements of a list.
fn length(value: &Value) -> Result<usize, Refusal> {
    match value {
        List(items) => Ok(items.len()),
        Value::Map(map) => Ok(map.len()),
        other => Ok(text(other)?.len()),
    }
}

fn int(value: &Value) -> Result<i64, Refusal> {
    value.int().ok_or_else(generic)
}

fn float(value: &Value) -> Result<f64, Refusal> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "as the database does")]
        Int(number) => Ok(*number as f64),
        Float(number) => Ok(*number),
        _ => Err(generic()),
    }
}

fn time(value: &Value) -> Result<i64, Refusal> {
    let read = |text: &str| super::read(text).map(Timestamp::as_microsecond);
    match value {
        Time(time, _) => Ok(*time),
        Text(text) => read(text).ok_or_else(generic),
        _ => Err(generic()),
    }
}

/// The number that all of a text is.
fn number<T: std::str::FromStr>(value: &Value) -> Result<Option<T>, Refusal> {
    Ok(text(value)?.parse().ok())
}

fn floor(time: i64, seconds: i64) -> i64 {
    let unit = seconds.max(1) * 1_000_000;
    time.div_euclid(unit) * unit
}

/// The place of one text in another whatever the case, counted from 1.
fn place(text_in: &Value, wanted: &Value) -> Made {
    let (within, wanted) = (text(text_in)?.to_lowercase(), text(wanted)?.to_lowercase());
    let found = within
        .find(&wanted)
        .map(|at| within[..at].chars().count() + 1);
    Ok(size(found.unwrap_or(0)))
}

fn logic(values: &[Value], wanted: bool) -> Value {
    if values
        .iter()
        .any(|value| *value != Null && truth(value) == wanted)
    {
        return flag(wanted);
    }
    if values.contains(&Null) {
        Null
    } else {
        flag(!wanted)
    }
}

/// `%` is any text and `_` any character.
fn is_like(text: &str, pattern: &str) -> Made {
    let any = |character: char| match character {
        '%' => "(?s:.*)".to_owned(),
        '_' => "(?s:.)".to_owned(),
        other => format!("\\u{{{:x}}}", u32::from(other)),
    };
    let pattern: String = pattern.chars().map(any).collect();
    let pattern = Regex::new(&format!("^{pattern}$")).map_err(|_| generic())?;
    Ok(flag(pattern.is_match(text)))
}

/// Compares what can be compared; a text with a number cannot.
fn compare(one: &Value, other: &Value) -> Result<Option<Ordering>, Refusal> {
    match (one, other) {
        (Text(one), Text(other)) => Ok(Some(one.as_bytes().cmp(other.as_bytes()))),
        (Int(one), Int(other)) => Ok(Some(one.cmp(other))),
        (Time(..), Time(..) | Text(_)) | (Text(_), Time(..)) => {
            Ok(Some(time(one)?.cmp(&time(other)?)))
        }
        _ => Ok(float(one)?.partial_cmp(&float(other)?)),
    }
}

/// The order of an ORDER BY: what is absent comes last, whichever way it goes.
pub(super) fn compare_for_order(one: &Value, other: &Value, down: bool) -> Ordering {
    let absent = |value: &Value| match value {
        Null => true,
        Float(number) => number.is_nan(),
        _ => false,
    };
    match (absent(one), absent(other)) {
        (false, false) => {
            let order = compare(one, other)
                .ok()
                .flatten()
                .unwrap_or(Ordering::Equal);
            if down { order.reverse() } else { order }
        }
        (one, other) => one.cmp(&other),
    }
}

/// Whole numbers stay whole; a number next to a time is one of seconds.
fn calculate(v: &[Value], whole: fn(i64, i64) -> Option<i64>, broken: fn(f64, f64) -> f64) -> Made {
    match (&v[0], &v[1]) {
        (Int(one), Int(other)) => whole(*one, *other).map(Int).ok_or_else(generic),
        (Time(time, shown), Int(seconds)) => {
            let moved = whole(*time, seconds.saturating_mul(1_000_000));
            moved.map(|time| Time(time, *shown)).ok_or_else(generic)
        }
        (one, other) => Ok(Float(broken(float(one)?, float(other)?))),
    }
}
