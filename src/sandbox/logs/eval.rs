//! Runs a checked SELECT over rows of logs, as the database would.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::{Map, Value as Json};
use sqlparser::ast::{
    AccessExpr, BinaryOperator, DateTimeField, Expr, Function, Subscript, UnaryOperator,
    Value as Literal,
};

use super::functions::{self, Value, truth};
use super::rows::Row;
use super::sql::{COLUMNS, Plan, Refusal, arguments, bare, generic};

type Made<T> = Result<T, Refusal>;

/// An expression that is ready to be worked out.
enum Node {
    Constant(Value),
    Column(usize),
    Attribute(Rc<str>),
    /// What `arrayJoin` made several rows of.
    Joined,
    Call(functions::Scalar, Vec<Node>),
    /// The value of an aggregate, and of what is grouped by.
    Aggregate(usize),
    Key(usize),
}

/// An aggregate: what it makes of its argument's values, those left out whose condition fails.
struct Aggregate {
    work: functions::Aggregate,
    parameter: f64,
    argument: Option<Node>,
    condition: Option<Node>,
}

/// What an expression is worked out in: a row, perhaps one of several that `arrayJoin` made, or a group.
#[derive(Default)]
struct Scope<'a> {
    row: Option<&'a Row>,
    joined: Option<Value>,
    key: Vec<Value>,
    aggregates: Vec<Value>,
}

#[derive(Default)]
struct Compiler<'a> {
    group: &'a [Expr],
    /// Columns can be read only where each row is one of the answer.
    grouped: bool,
    aggregates: Vec<Aggregate>,
    join: Option<Node>,
    now: i64,
}

/// The rows of the answer.
pub(super) fn run(plan: &Plan, rows: &[Row], now: i64, cap: usize) -> Made<Json> {
    let fresh = || Compiler {
        now,
        ..Compiler::default()
    };
    let mut compiler = fresh();
    let filter = compiler.nodes(plan.filter.iter())?;
    let keys = compiler.nodes(plan.group.iter())?;
    compiler.grouped = !plan.group.is_empty() || plan.having.is_some();
    for (_, expression) in &plan.items {
        let mut probe = fresh();
        probe.node(expression)?;
        compiler.grouped |= !probe.aggregates.is_empty();
    }
    compiler.group = &plan.group;
    let items = compiler.nodes(plan.items.iter().map(|(_, expression)| expression))?;
    let order = compiler.nodes(plan.order.iter().map(|(expression, _)| expression))?;
    let having = compiler.nodes(plan.having.iter())?;
    let mut found = scopes(rows, &filter, compiler.join.as_ref())?;
    if compiler.grouped {
        found = groups(found, &keys, &compiler.aggregates)?;
        found = kept(found, &having)?;
    }
    let mut sorted = Vec::with_capacity(found.len());
    for scope in &found {
        sorted.push((values(&order, scope)?, scope));
    }
    sorted.sort_by(|(one, _), (other, _)| {
        let pairs = one.iter().zip(other).zip(&plan.order);
        pairs.fold(Ordering::Equal, |so_far, ((one, other), (_, down))| {
            so_far.then_with(|| functions::compare_for_order(one, other, *down))
        })
    });
    let (mut seen, mut answer, mut skip) = (HashSet::new(), Vec::new(), plan.offset);
    for (_, scope) in sorted {
        if answer.len() >= plan.limit.min(cap) {
            break;
        }
        // Without DISTINCT nothing need be worked out of a row that is skipped.
        if skip > 0 && !plan.distinct {
            skip -= 1;
            continue;
        }
        let names = plan.items.iter().map(|(name, _)| name.clone());
        let cells = values(&items, scope)?;
        let row: Map<_, _> = names.zip(cells.iter().map(Value::json)).collect();
        let row = Json::Object(row);
        if plan.distinct && !seen.insert(row.to_string()) {
            continue;
        }
        if skip > 0 {
            skip -= 1;
            continue;
        }
        answer.push(row);
    }
    Ok(Json::Array(answer))
}

/// The rows that pass the filter, as many times as `arrayJoin` says.
fn scopes<'a>(rows: &'a [Row], filter: &[Node], join: Option<&Node>) -> Made<Vec<Scope<'a>>> {
    let of = |row, joined| Scope {
        row: Some(row),
        joined,
        ..Scope::default()
    };
    let all = rows.iter().map(|row| of(row, None)).collect();
    let passed = kept(all, filter)?;
    let Some(join) = join else { return Ok(passed) };
    let mut scopes = Vec::new();
    for scope in passed {
        let (Value::List(items), Some(row)) = (join.value(&scope)?, scope.row) else {
            return Err(generic());
        };
        scopes.extend(items.iter().map(|item| of(row, Some(item.clone()))));
    }
    Ok(scopes)
}

fn kept<'a>(scopes: Vec<Scope<'a>>, conditions: &[Node]) -> Made<Vec<Scope<'a>>> {
    let mut kept = Vec::with_capacity(scopes.len());
    for scope in scopes {
        if values(conditions, &scope)?.iter().all(truth) {
            kept.push(scope);
        }
    }
    Ok(kept)
}

/// A scope for each group: rows with the same keys, or all of them, be they none, without keys.
fn groups<'a>(rows: Vec<Scope<'a>>, keys: &[Node], all: &[Aggregate]) -> Made<Vec<Scope<'a>>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(Vec<Value>, Vec<Scope<'_>>)> = Vec::new();
    if keys.is_empty() {
        groups.push((Vec::new(), rows));
    } else {
        for scope in rows {
            let key = values(keys, &scope)?;
            let name = format!("{key:?}");
            let place = *places.entry(name).or_insert_with(|| groups.len());
            if place == groups.len() {
                groups.push((key, Vec::new()));
            }
            groups[place].1.push(scope);
        }
    }
    let group = |(key, rows): (Vec<Value>, Vec<Scope<'_>>)| {
        let aggregates: Made<Vec<Value>> = all.iter().map(|one| one.value(&rows)).collect();
        Ok(Scope {
            key,
            aggregates: aggregates?,
            ..Scope::default()
        })
    };
    groups.into_iter().map(group).collect()
}

fn values(nodes: &[Node], scope: &Scope<'_>) -> Made<Vec<Value>> {
    nodes.iter().map(|node| node.value(scope)).collect()
}

impl Aggregate {
    fn value(&self, rows: &[Scope<'_>]) -> Made<Value> {
        let mut found = Vec::with_capacity(rows.len());
        for scope in rows {
            let counts = self.condition.as_ref().map(|node| node.value(scope));
            if !counts.transpose()?.is_none_or(|value| truth(&value)) {
                continue;
            }
            let value = self.argument.as_ref().map(|node| node.value(scope));
            let value = value.transpose()?.unwrap_or(Value::Int(1));
            found.extend((value != Value::Null).then_some(value));
        }
        (self.work)(&found, self.parameter)
    }
}

impl Node {
    fn value(&self, scope: &Scope<'_>) -> Made<Value> {
        let made = match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Column(column) => scope.row.map(|row| row.column(COLUMNS[*column])),
            Self::Attribute(key) => scope.row.map(|row| row.attribute(key)),
            Self::Joined => scope.joined.clone(),
            Self::Aggregate(index) => scope.aggregates.get(*index).cloned(),
            Self::Key(index) => scope.key.get(*index).cloned(),
            Self::Call(scalar, arguments) => return scalar.call(&values(arguments, scope)?),
        };
        made.ok_or_else(generic)
    }
}

impl Compiler<'_> {
    fn nodes<'e>(&mut self, expressions: impl Iterator<Item = &'e Expr>) -> Made<Vec<Node>> {
        expressions.map(|one| self.node(one)).collect()
    }

    fn node(&mut self, expression: &Expr) -> Made<Node> {
        let bare = bare(expression);
        if let Some(index) = self.group.iter().position(|key| same(key, bare)) {
            return Ok(Node::Key(index));
        }
        match bare {
            Expr::Identifier(word) => {
                let column = COLUMNS.iter().position(|column| *column == word.value);
                let unknown = || Refusal::Said(format!("Field \"{}\" does not exist.", word.value));
                let column = Node::Column(column.ok_or_else(unknown)?);
                if self.grouped {
                    Err(generic())
                } else {
                    Ok(column)
                }
            }
            Expr::CompoundFieldAccess { root, access_chain } => match access_chain.as_slice() {
                [AccessExpr::Subscript(Subscript::Index { index })] => self.element(root, index),
                _ => Err(Refusal::Lacks(format!("`{expression}`"))),
            },
            Expr::Value(literal) => constant(literal).map(Node::Constant),
            Expr::Interval(_) => seconds(bare).map(|time| Node::Constant(Value::Int(time))),
            Expr::Function(function) => self.function(function),
            other => {
                let null = Expr::Value(Literal::Null);
                let lacks = || Refusal::Lacks(format!("`{expression}`"));
                let (name, given, negated) = as_call(other, &null).ok_or_else(lacks)?;
                let call = self.call(name, given)?;
                let not = functions::scalar("not").ok_or_else(generic)?;
                Ok(if negated {
                    Node::Call(not, vec![call])
                } else {
                    call
                })
            }
        }
    }

    fn element(&mut self, root: &Expr, index: &Expr) -> Made<Node> {
        let is_map = matches!(root, Expr::Identifier(word) if word.value == "log_attributes");
        match (is_map && !self.grouped, bare(index)) {
            (true, Expr::Value(Literal::SingleQuotedString(key))) => {
                Ok(Node::Attribute(Rc::from(key.as_str())))
            }
            _ => self.call("arrayElement", vec![root, index]),
        }
    }

    fn function(&mut self, function: &Function) -> Made<Node> {
        let mut name = function.name.to_string();
        let given = arguments(&function.args).ok_or_else(generic)?;
        if function.over.is_some() || function.filter.is_some() {
            return Err(Refusal::Lacks(format!("`{function}`")));
        }
        match (name.as_str(), given.as_slice()) {
            ("now", []) => {
                let whole = self.now - self.now % 1_000_000;
                return Ok(Node::Constant(Value::Time(whole, false)));
            }
            ("arrayJoin", [list]) if !self.grouped => {
                self.join = Some(self.node(list)?);
                return Ok(Node::Joined);
            }
            ("count", _)
                if function
                    .args
                    .to_string()
                    .to_lowercase()
                    .starts_with("(distinct ") =>
            {
                "uniqExact".clone_into(&mut name);
            }
            _ => {}
        }
        let base = name.strip_suffix("If").unwrap_or(&name);
        let Some(work) = functions::aggregate(base) else {
            return self.call(&name, given);
        };
        // Inside, each row is itself again.
        let mut inner = Compiler {
            now: self.now,
            ..Compiler::default()
        };
        let mut given = inner.nodes(given.into_iter())?;
        let condition = if base == name { None } else { given.pop() };
        if !inner.aggregates.is_empty() || (base != name && condition.is_none()) {
            return Err(generic());
        }
        let parameter = arguments(&function.parameters).unwrap_or_default();
        let parameter = parameter
            .first()
            .map_or(Ok(0.5), |level| level.to_string().parse());
        self.join = self.join.take().or(inner.join);
        self.aggregates.push(Aggregate {
            work,
            parameter: parameter.map_err(|_| generic())?,
            argument: given.into_iter().next(),
            condition,
        });
        Ok(Node::Aggregate(self.aggregates.len() - 1))
    }

    fn call(&mut self, name: &str, given: Vec<&Expr>) -> Made<Node> {
        let lacks = || Refusal::Lacks(format!("the function `{name}`"));
        let scalar = functions::scalar(name).ok_or_else(lacks)?;
        Ok(Node::Call(scalar, self.nodes(given.into_iter())?))
    }
}

fn constant(literal: &Literal) -> Made<Value> {
    match literal {
        Literal::Number(number, _) => {
            let whole = number.parse().map(Value::Int);
            let number = whole.or_else(|_| number.parse().map(Value::Float));
            number.map_err(|_| generic())
        }
        Literal::SingleQuotedString(text) => Ok(Value::text(text)),
        Literal::Boolean(value) => Ok(Value::Int(i64::from(*value))),
        Literal::Null => Ok(Value::Null),
        other => Err(Refusal::Lacks(format!("`{other}`"))),
    }
}

/// The length of an interval.
fn seconds(expression: &Expr) -> Made<i64> {
    let lacks = || Refusal::Lacks(format!("`{expression}`"));
    let Expr::Interval(interval) = expression else {
        return Err(lacks());
    };
    let unit = match interval.leading_field {
        Some(DateTimeField::Second) => 1,
        Some(DateTimeField::Minute) => 60,
        Some(DateTimeField::Hour) => 3600,
        Some(DateTimeField::Day) => 86_400,
        _ => return Err(lacks()),
    };
    let number: Result<i64, _> = interval.value.to_string().parse();
    number.map(|number| number * unit).map_err(|_| lacks())
}

/// What is written in a way of its own, as the call of a function that it is; and whether it is negated.
#[rustfmt::skip] // a line for each
fn as_call<'e>(expression: &'e Expr, null: &'e Expr) -> Option<(&'static str, Vec<&'e Expr>, bool)> {
    Some(match expression {
        Expr::BinaryOp { left, op, right } => (operator(op)?, vec![left, right], false),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => ("not", vec![expr], false),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => ("negate", vec![expr], false),
        Expr::InList { expr, list, negated } => ("in", std::iter::once(expr.as_ref()).chain(list).collect(), *negated),
        Expr::Between { expr, negated, low, high } => ("between", vec![expr, low, high], *negated),
        Expr::Like { negated, expr, pattern, .. } => ("like", vec![expr, pattern], *negated),
        Expr::ILike { negated, expr, pattern, .. } => ("ilike", vec![expr, pattern], *negated),
        Expr::IsNull(expr) => ("isNull", vec![expr], false),
        Expr::IsNotNull(expr) => ("isNull", vec![expr], true),
        Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => ("substring", [expr, from].into_iter().chain(substring_for).map(AsRef::as_ref).collect(), false),
        Expr::Ceil { expr, .. } => ("ceil", vec![expr], false),
        Expr::Floor { expr, .. } => ("floor", vec![expr], false),
        Expr::Case { operand: None, conditions, results, else_result } => {
            let branches = conditions.iter().zip(results).flat_map(|(condition, result)| [condition, result]);
            ("multiIf", branches.chain([else_result.as_deref().unwrap_or(null)]).collect(), false)
        }
        _ => return None,
    })
}

fn same(one: &Expr, other: &Expr) -> bool {
    let text = |expression: &Expr| bare(expression).to_string().replace(['(', ')'], "");
    text(one) == text(other)
}

#[rustfmt::skip] // a line for each
fn operator(operator: &BinaryOperator) -> Option<&'static str> {
    const NAMES: &[(&str, &str)] = &[
        ("=", "equals"), ("<>", "notEquals"), ("<", "less"), ("<=", "lessOrEquals"), (">", "greater"), (">=", "greaterOrEquals"), ("AND", "and"),
        ("OR", "or"), ("+", "plus"), ("-", "minus"), ("*", "multiply"), ("/", "divide"), ("%", "modulo"), ("||", "concat"),
    ];
    let sign = operator.to_string();
    NAMES.iter().find(|(known, _)| *known == sign).map(|(_, name)| *name)
}
