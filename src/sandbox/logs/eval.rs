//! Runs a checked SELECT over rows of logs, as the database would.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};
use sqlparser::ast::{
    AccessExpr, BinaryOperator, DateTimeField, Expr, Subscript, UnaryOperator, Value as Literal,
};

use super::functions::{self, Value, truth};
use super::rows::Row;
use super::sql::{COLUMNS, Plan, Refusal, arguments, generic};

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

/// An aggregate: what it makes of its arguments' values, those left out whose condition fails.
struct Aggregate {
    work: functions::Aggregate,
    parameter: f64,
    arguments: Vec<Node>,
    condition: Option<Node>,
}

/// One row on its way, perhaps one of several that `arrayJoin` made of it.
struct Frame<'a> {
    row: &'a Row,
    joined: Value,
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
pub(super) fn run(plan: &Plan, rows: &[Row], now: i64, cap: usize) -> Result<Json, Refusal> {
    let mut compiler = Compiler {
        now,
        ..Compiler::default()
    };
    let filter = plan.filter.as_ref().map(|filter| compiler.node(filter));
    let filter = filter.transpose()?;
    let keys = compiler.nodes(plan.group.iter())?;
    compiler.group = &plan.group;
    let mentions = |expression: &Expr| {
        let mut probe = Compiler {
            now,
            ..Compiler::default()
        };
        probe.node(expression).map(|_| !probe.aggregates.is_empty())
    };
    compiler.grouped = !plan.group.is_empty() || plan.having.is_some();
    for (_, expression) in &plan.items {
        compiler.grouped |= mentions(expression)?;
    }
    let items = compiler.nodes(plan.items.iter().map(|(_, expression)| expression))?;
    let order = compiler.nodes(plan.order.iter().map(|(expression, _)| expression))?;
    let having = plan.having.as_ref().map(|having| compiler.node(having));
    let having = having.transpose()?;
    let frames = frames(rows, filter.as_ref(), compiler.join.as_ref())?;
    let mut found: Vec<Scope<'_>> = Vec::new();
    if compiler.grouped {
        for (key, group) in groups(&frames, &keys)? {
            let aggregates: Result<Vec<Value>, Refusal> = compiler
                .aggregates
                .iter()
                .map(|aggregate| aggregate.value(&group))
                .collect();
            let scope = Scope {
                frame: None,
                key,
                aggregates: aggregates?,
            };
            let stays = having.as_ref().map(|having| having.value(&scope));
            if stays.transpose()?.is_none_or(|value| truth(&value)) {
                found.push(scope);
            }
        }
    } else {
        found.extend(frames.iter().map(Scope::of));
    }
    let mut sorted = Vec::with_capacity(found.len());
    for scope in &found {
        let by: Result<Vec<Value>, Refusal> = order.iter().map(|node| node.value(scope)).collect();
        sorted.push((by?, scope));
    }
    sorted.sort_by(|(one, _), (other, _)| {
        let pairs = one.iter().zip(other).zip(&plan.order);
        pairs.fold(Ordering::Equal, |so_far, ((one, other), (_, down))| {
            so_far.then_with(|| functions::compare_for_order(one, other, *down))
        })
    });
    let mut seen = std::collections::HashSet::new();
    let mut answer = Vec::new();
    let mut skipped = 0;
    for (_, scope) in sorted {
        if answer.len() >= plan.limit.min(cap) {
            break;
        }
        // Without DISTINCT nothing need be worked out of a row that is skipped.
        if !plan.distinct && skipped < plan.offset {
            skipped += 1;
            continue;
        }
        let mut row = Map::new();
        for ((name, _), node) in plan.items.iter().zip(&items) {
            row.insert(name.clone(), node.value(scope)?.json());
        }
        if plan.distinct {
            if !seen.insert(json!(row).to_string()) {
                continue;
            }
            if skipped < plan.offset {
                skipped += 1;
                continue;
            }
        }
        answer.push(Json::Object(row));
    }
    Ok(Json::Array(answer))
}

/// The rows that pass the filter, as many times as `arrayJoin` says.
fn frames<'a>(
    rows: &'a [Row],
    filter: Option<&Node>,
    join: Option<&Node>,
) -> Result<Vec<Frame<'a>>, Refusal> {
    let mut frames = Vec::new();
    for row in rows {
        let frame = Frame {
            row,
            joined: Value::Null,
        };
        let scope = Scope::of(&frame);
        if let Some(filter) = filter
            && !truth(&filter.value(&scope)?)
        {
            continue;
        }
        let Some(join) = join else {
            frames.push(frame);
            continue;
        };
        let Value::List(items) = join.value(&scope)? else {
            return Err(generic());
        };
        frames.extend(items.iter().map(|item| Frame {
            row,
            joined: item.clone(),
        }));
    }
    Ok(frames)
}

/// A group: what its rows have in common, and the rows.
type Group<'a> = (Vec<Value>, Vec<&'a Frame<'a>>);

/// Frames with the same keys, in the order of their first; without keys all of them, be they none.
fn groups<'a>(frames: &'a [Frame<'a>], keys: &[Node]) -> Result<Vec<Group<'a>>, Refusal> {
    if keys.is_empty() {
        return Ok(vec![(Vec::new(), frames.iter().collect())]);
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for frame in frames {
        let scope = Scope::of(frame);
        let key: Result<Vec<Value>, Refusal> = keys.iter().map(|node| node.value(&scope)).collect();
        let key = key?;
        let place = *places
            .entry(format!("{key:?}"))
            .or_insert_with(|| groups.len());
        if place == groups.len() {
            groups.push((key, Vec::new()));
        }
        groups[place].1.push(frame);
    }
    Ok(groups)
}

/// What an expression is worked out in: a row, or a group.
struct Scope<'a> {
    frame: Option<&'a Frame<'a>>,
    key: Vec<Value>,
    aggregates: Vec<Value>,
}

impl<'a> Scope<'a> {
    fn of(frame: &'a Frame<'a>) -> Self {
        Self {
            frame: Some(frame),
            key: Vec::new(),
            aggregates: Vec::new(),
        }
    }
}

impl Aggregate {
    fn value(&self, group: &[&Frame<'_>]) -> Result<Value, Refusal> {
        let mut values = Vec::with_capacity(group.len());
        for frame in group {
            let scope = Scope::of(frame);
            if let Some(condition) = &self.condition
                && !truth(&condition.value(&scope)?)
            {
                continue;
            }
            match self.arguments.first() {
                None => values.push(Value::Int(1)),
                Some(argument) => match argument.value(&scope)? {
                    Value::Null => {}
                    value => values.push(value),
                },
            }
        }
        (self.work)(&values, self.parameter)
    }
}

impl Node {
    fn value(&self, scope: &Scope<'_>) -> Result<Value, Refusal> {
        let row = || scope.frame.map(|frame| frame.row).ok_or_else(generic);
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Column(column) => row()?.column(COLUMNS[*column]),
            Self::Attribute(key) => row()?.attribute(key),
            Self::Joined => scope.frame.ok_or_else(generic)?.joined.clone(),
            Self::Aggregate(index) => scope.aggregates.get(*index).cloned().ok_or_else(generic)?,
            Self::Key(index) => scope.key.get(*index).cloned().ok_or_else(generic)?,
            Self::Call(scalar, arguments) => {
                let values: Result<Vec<Value>, Refusal> = arguments
                    .iter()
                    .map(|argument| argument.value(scope))
                    .collect();
                scalar.call(&values?)?
            }
        })
    }
}

impl Compiler<'_> {
    fn nodes<'e>(
        &mut self,
        expressions: impl Iterator<Item = &'e Expr>,
    ) -> Result<Vec<Node>, Refusal> {
        expressions
            .map(|expression| self.node(expression))
            .collect()
    }

    fn node(&mut self, expression: &Expr) -> Result<Node, Refusal> {
        let bare = bare(expression);
        if let Some(index) = self.group.iter().position(|key| same(key, bare)) {
            return Ok(Node::Key(index));
        }
        let lacks = || Err(Refusal::Lacks(format!("`{expression}`")));
        match bare {
            Expr::Identifier(word) => {
                let column = COLUMNS.iter().position(|column| *column == word.value);
                let unknown = || Refusal::Said(format!("Field \"{}\" does not exist.", word.value));
                let column = column.ok_or_else(unknown)?;
                if self.grouped {
                    return Err(generic());
                }
                Ok(Node::Column(column))
            }
            Expr::CompoundFieldAccess { root, access_chain } => match access_chain.as_slice() {
                [AccessExpr::Subscript(Subscript::Index { index })] => self.element(root, index),
                _ => lacks(),
            },
            Expr::Value(Literal::Number(number, _)) => {
                let integer = number.parse().map(Value::Int);
                let value = integer.or_else(|_| number.parse().map(Value::Float));
                value.map(Node::Constant).map_err(|_| generic())
            }
            Expr::Value(Literal::SingleQuotedString(text)) => Ok(Node::Constant(Value::text(text))),
            Expr::Value(Literal::Boolean(value)) => {
                Ok(Node::Constant(Value::Int(i64::from(*value))))
            }
            Expr::Value(Literal::Null) => Ok(Node::Constant(Value::Null)),
            Expr::BinaryOp { left, op, right } => match operator(op) {
                Some(name) => self.call(name, [left.as_ref(), right]),
                None => lacks(),
            },
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => self.call("not", [expr.as_ref()]),
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => self.call("negate", [expr.as_ref()]),
            Expr::InList {
                expr,
                list,
                negated,
            } => {
                let call = self.call("in", std::iter::once(expr.as_ref()).chain(list))?;
                negate(call, *negated)
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let call = self.call("between", [expr.as_ref(), low, high])?;
                negate(call, *negated)
            }
            Expr::Like {
                negated,
                expr,
                pattern,
                ..
            } => {
                let call = self.call("like", [expr.as_ref(), pattern])?;
                negate(call, *negated)
            }
            Expr::ILike {
                negated,
                expr,
                pattern,
                ..
            } => {
                let call = self.call("ilike", [expr.as_ref(), pattern])?;
                negate(call, *negated)
            }
            Expr::IsNull(expr) => self.call("isNull", [expr.as_ref()]),
            Expr::IsNotNull(expr) => self.call("isNotNull", [expr.as_ref()]),
            Expr::Case {
                operand: None,
                conditions,
                results,
                else_result,
            } => {
                let null = Expr::Value(Literal::Null);
                let branches = conditions.iter().zip(results);
                let branches = branches.flat_map(|(condition, result)| [condition, result]);
                let last = else_result.as_deref().unwrap_or(&null);
                self.call("multiIf", branches.chain([last]))
            }
            Expr::Substring {
                expr,
                substring_from: Some(from),
                substring_for,
                ..
            } => {
                let length = substring_for.as_deref();
                self.call("substring", [expr.as_ref(), from].into_iter().chain(length))
            }
            Expr::Ceil { expr, .. } => self.call("ceil", [expr.as_ref()]),
            Expr::Floor { expr, .. } => self.call("floor", [expr.as_ref()]),
            Expr::Interval(interval) => {
                let Expr::Value(Literal::Number(number, _)) = interval.value.as_ref() else {
                    return lacks();
                };
                let unit = match interval.leading_field {
                    Some(DateTimeField::Second) => 1,
                    Some(DateTimeField::Minute) => 60,
                    Some(DateTimeField::Hour) => 3600,
                    Some(DateTimeField::Day) => 86_400,
                    _ => return lacks(),
                };
                let number: i64 = number.parse().map_err(|_| generic())?;
                Ok(Node::Constant(Value::Int(number * unit)))
            }
            Expr::Function(function) => self.function(function),
            _ => lacks(),
        }
    }

    fn element(&mut self, root: &Expr, index: &Expr) -> Result<Node, Refusal> {
        let is_map = matches!(root, Expr::Identifier(word) if word.value == "log_attributes");
        match (is_map, bare(index)) {
            (true, Expr::Value(Literal::SingleQuotedString(key))) if !self.grouped => {
                Ok(Node::Attribute(Rc::from(key.as_str())))
            }
            _ => self.call("arrayElement", [root, index]),
        }
    }

    fn function(&mut self, function: &sqlparser::ast::Function) -> Result<Node, Refusal> {
        let name = function.name.to_string();
        let given = arguments(&function.args).ok_or_else(generic)?;
        if function.over.is_some() || function.filter.is_some() {
            return Err(Refusal::Lacks(format!("`{function}`")));
        }
        if name == "now" {
            return Ok(Node::Constant(Value::Time(
                self.now - self.now % 1_000_000,
                false,
            )));
        }
        if name == "arrayJoin" {
            let [list] = given.as_slice() else {
                return Err(generic());
            };
            if self.grouped {
                return Err(generic());
            }
            self.join = Some(self.node(list)?);
            return Ok(Node::Joined);
        }
        let distinct = function
            .args
            .to_string()
            .to_lowercase()
            .starts_with("(distinct ");
        let name = if name == "count" && distinct {
            "uniqExact".to_owned()
        } else {
            name
        };
        let base = name.strip_suffix("If").unwrap_or(&name);
        if let Some(work) = functions::aggregate(base) {
            // Inside, each row is itself again.
            let mut inner = Compiler {
                now: self.now,
                ..Compiler::default()
            };
            let mut arguments = inner.nodes(given.into_iter())?;
            if !inner.aggregates.is_empty() || (base.len() < name.len() && arguments.is_empty()) {
                return Err(generic());
            }
            let condition = if base.len() < name.len() {
                arguments.pop()
            } else {
                None
            };
            let parameter = super::sql::arguments(&function.parameters).unwrap_or_default();
            let parameter = parameter.first().map_or(Ok(0.5), |level| {
                level.to_string().parse().map_err(|_| generic())
            })?;
            self.join = self.join.take().or(inner.join);
            self.aggregates.push(Aggregate {
                work,
                parameter,
                arguments,
                condition,
            });
            return Ok(Node::Aggregate(self.aggregates.len() - 1));
        }
        self.call(&name, given)
    }

    fn call<'e>(
        &mut self,
        name: &str,
        arguments: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Node, Refusal> {
        let lacks = || Refusal::Lacks(format!("the function `{name}`"));
        let scalar = functions::scalar(name).ok_or_else(lacks)?;
        let arguments = self.nodes(arguments.into_iter())?;
        Ok(Node::Call(scalar, arguments))
    }
}

fn negate(call: Node, negated: bool) -> Result<Node, Refusal> {
    if !negated {
        return Ok(call);
    }
    let not = functions::scalar("not").ok_or_else(generic)?;
    Ok(Node::Call(not, vec![call]))
}

fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

fn same(one: &Expr, other: &Expr) -> bool {
    let text = |expression: &Expr| bare(expression).to_string().replace(['(', ')'], "");
    text(one) == text(other)
}

fn operator(operator: &BinaryOperator) -> Option<&'static str> {
    Some(match operator {
        BinaryOperator::Eq => "equals",
        BinaryOperator::NotEq => "notEquals",
        BinaryOperator::Lt => "less",
        BinaryOperator::LtEq => "lessOrEquals",
        BinaryOperator::Gt => "greater",
        BinaryOperator::GtEq => "greaterOrEquals",
        BinaryOperator::And => "and",
        BinaryOperator::Or => "or",
        BinaryOperator::Plus => "plus",
        BinaryOperator::Minus => "minus",
        BinaryOperator::Multiply => "multiply",
        BinaryOperator::Divide => "divide",
        BinaryOperator::Modulo => "modulo",
        BinaryOperator::StringConcat => "concat",
        _ => return None,
    })
}
