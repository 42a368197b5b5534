//! Log SQL as the service takes it: parsed with the service's own parser, printed again, parsed as
//! the database would read what was printed, and checked.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Query, Select,
    SelectItem, SetExpr, Statement, TableFactor, Value, visit_expressions, visit_expressions_mut,
};
use sqlparser::dialect::ClickHouseDialect;
use sqlparser::parser::Parser;

/// What most refusals are told as.
pub(super) const GENERIC: &str =
    "Backend error! Retry your query. Please contact support if this continues.";

#[rustfmt::skip]
pub(super) const COLUMNS: [&str; 6] = ["id", "timestamp", "event_message", "severity_text", "source", "log_attributes"];

/// Functions that would look out of the table.
const DENIED: &str = " version currentuser user hostname fqdn uptime sleep sleepeachrow url file s3 remote cluster \
    mysql postgresql getsetting currentdatabase numbers input executable dictget merge view ";

/// Why a query is not answered with rows.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The service refuses it, in these words.
    Said(String),
    /// The service would run it, and the sandbox cannot.
    Lacks(String),
}

pub(super) fn generic() -> Refusal {
    Refusal::Said(GENERIC.to_owned())
}

fn said(text: impl Into<String>) -> Refusal {
    Refusal::Said(text.into())
}

/// One SELECT, its aliases and positions written out.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) distinct: bool,
    /// The names of the answer and what stands under them.
    pub(super) items: Vec<(String, Expr)>,
    pub(super) filter: Option<Expr>,
    pub(super) group: Vec<Expr>,
    pub(super) having: Option<Expr>,
    /// What to order by, and whether downwards.
    pub(super) order: Vec<(Expr, bool)>,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

pub(super) fn parse(sql: &str) -> Result<Plan, Refusal> {
    let printed = single(sql)?.to_string();
    // The second reading is the database's, which unescapes what is printed once more.
    let query = single(&printed).map_err(|_| generic())?;
    if query.with.is_some() {
        return Err(generic());
    }
    if let Some(setting) = query.settings.iter().flatten().next() {
        return Err(said(format!("Restricted setting {}", setting.key)));
    }
    if query.format_clause.is_some() {
        return Err(generic());
    }
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Err(Refusal::Lacks("UNION".to_owned()));
    };
    check(&query, select)?;
    plan(&query, select)
}

fn single(sql: &str) -> Result<Query, Refusal> {
    let mut statements =
        Parser::parse_sql(&ClickHouseDialect {}, sql).map_err(|error| said(error.to_string()))?;
    match (statements.pop(), statements.len()) {
        (None, _) => Err(generic()),
        (Some(_), 1..) => Err(said("Only singular query allowed")),
        (Some(Statement::Query(query)), 0) => Ok(*query),
        (Some(_), 0) => Err(said("Only SELECT queries allowed")),
    }
}

/// What the service looks for before it runs anything.
fn check(query: &Query, select: &Select) -> Result<(), Refusal> {
    let wildcard = || said("restricted wildcard (*) in a result column");
    let [from] = select.from.as_slice() else {
        return Err(generic());
    };
    match &from.relation {
        TableFactor::Table {
            name, args: None, ..
        } if name.to_string() != "logs" => {
            return Err(said(format!("Table not found in CTE: ({name})")));
        }
        TableFactor::Table { args: None, .. } if from.joins.is_empty() => {}
        TableFactor::Table {
            name,
            args: Some(_),
            ..
        } => {
            return Err(said(format!("Restricted function {name}")));
        }
        _ => return Err(generic()),
    }
    let starred = |item: &SelectItem| {
        matches!(
            item,
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)
        )
    };
    if select.projection.iter().any(starred) {
        return Err(wildcard());
    }
    let found = visit_expressions(query, |expression| {
        let refusal = match expression {
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => Some(generic()),
            Expr::Function(function) => {
                let name = function.name.to_string();
                if DENIED.contains(&format!(" {} ", name.to_lowercase())) {
                    Some(said(format!("Restricted function {name}")))
                } else {
                    arguments(&function.args).is_none().then(wildcard)
                }
            }
            _ => None,
        };
        refusal.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    });
    match found {
        ControlFlow::Break(refusal) => Err(refusal),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// The arguments of a function; none where one of them is a star.
pub(super) fn arguments(arguments: &FunctionArguments) -> Option<Vec<&Expr>> {
    match arguments {
        FunctionArguments::None | FunctionArguments::Subquery(_) => Some(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression),
                _ => None,
            })
            .collect(),
    }
}

fn plan(query: &Query, select: &Select) -> Result<Plan, Refusal> {
    let mut items: Vec<(String, Expr)> = Vec::new();
    let mut aliases: Vec<(String, Expr)> = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expression) => {
                items.push((name(expression)?, expression.clone()));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                if COLUMNS.contains(&alias.value.as_str()) {
                    return Err(Refusal::Lacks(format!(
                        "an alias `{alias}` that hides a column"
                    )));
                }
                items.push((alias.value.clone(), expr.clone()));
                aliases.push((alias.value.clone(), expr.clone()));
            }
            _ => return Err(generic()),
        }
    }
    if let Some(filter) = &select.selection {
        names_no_alias(filter, &aliases)?;
    }
    let positional = |expression: &Expr| match expression {
        Expr::Value(Value::Number(number, _)) => number
            .parse::<usize>()
            .ok()
            .and_then(|at| items.get(at.checked_sub(1)?))
            .map_or(expression.clone(), |(_, item)| item.clone()),
        _ => expression.clone(),
    };
    let group = match &select.group_by {
        GroupByExpr::Expressions(group, _) => group.iter().map(positional).collect(),
        GroupByExpr::All(_) => return Err(Refusal::Lacks("GROUP BY ALL".to_owned())),
    };
    let order = query.order_by.iter().flat_map(|order| &order.exprs);
    let mut plan = Plan {
        distinct: match &select.distinct {
            None => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => return Err(Refusal::Lacks("DISTINCT ON".to_owned())),
        },
        filter: select.selection.clone(),
        group,
        having: select.having.clone(),
        order: order
            .map(|order| (positional(&order.expr), order.asc == Some(false)))
            .collect(),
        limit: number(query.limit.as_ref())?.unwrap_or(usize::MAX),
        offset: number(query.offset.as_ref().map(|offset| &offset.value))?.unwrap_or(0),
        items,
    };
    let expressions = plan.items.iter_mut().map(|(_, expression)| expression);
    let others = plan.group.iter_mut().chain(plan.having.as_mut());
    let others = others.chain(plan.order.iter_mut().map(|(expression, _)| expression));
    for expression in expressions.chain(others) {
        write_out(expression, &aliases)?;
    }
    Ok(plan)
}

fn number(expression: Option<&Expr>) -> Result<Option<usize>, Refusal> {
    match expression {
        None => Ok(None),
        Some(Expr::Value(Value::Number(number, _))) => {
            number.parse().map(Some).map_err(|_| generic())
        }
        Some(_) => Err(Refusal::Lacks("a LIMIT that is no number".to_owned())),
    }
}

/// Puts what an alias stands for in its place.
fn write_out(expression: &mut Expr, aliases: &[(String, Expr)]) -> Result<(), Refusal> {
    // In an …If() the service stumbles over them.
    let found = visit_expressions(&*expression, |inner| match inner {
        Expr::Function(function) if function.name.to_string().ends_with("If") => {
            let inside = arguments(&function.args).unwrap_or_default();
            let names = |argument: &&Expr| names_no_alias(argument, aliases).is_err();
            if function.name.to_string() != "multiIf" && inside.iter().any(names) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Continue(()),
    });
    if found.is_break() {
        return Err(generic());
    }
    for _ in 0..4 {
        let mut changed = false;
        let _ = visit_expressions_mut(expression, |inner| {
            if let Expr::Identifier(word) = inner
                && let Some((_, meant)) = aliases.iter().find(|(alias, _)| *alias == word.value)
            {
                *inner = Expr::Nested(Box::new(meant.clone()));
                changed = true;
            }
            ControlFlow::<()>::Continue(())
        });
        if !changed {
            return Ok(());
        }
    }
    Err(generic())
}

fn names_no_alias(expression: &Expr, aliases: &[(String, Expr)]) -> Result<(), Refusal> {
    let found = visit_expressions(expression, |inner| match inner {
        Expr::Identifier(word) if aliases.iter().any(|(alias, _)| *alias == word.value) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    if found.is_break() {
        Err(generic())
    } else {
        Ok(())
    }
}

/// What the database calls a column of the answer that was given no name.
fn name(expression: &Expr) -> Result<String, Refusal> {
    let inner = |expressions: Vec<&Expr>| {
        let names: Result<Vec<_>, _> = expressions.into_iter().map(name).collect();
        names.map(|names| names.join(", "))
    };
    match expression {
        Expr::Identifier(word) => Ok(word.value.clone()),
        Expr::Value(value) => Ok(value.to_string()),
        Expr::Nested(expression) => name(expression),
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.as_slice() {
            [sqlparser::ast::AccessExpr::Subscript(sqlparser::ast::Subscript::Index { index })] => {
                Ok(format!("arrayElement({}, {})", name(root)?, name(index)?))
            }
            _ => Err(generic()),
        },
        Expr::Function(function) => {
            let call = inner(arguments(&function.args).unwrap_or_default())?;
            let parameters = arguments(&function.parameters).unwrap_or_default();
            let parameters = if parameters.is_empty() {
                String::new()
            } else {
                format!("({})", inner(parameters)?)
            };
            Ok(format!("{}{parameters}({call})", function.name))
        }
        other => Err(Refusal::Lacks(format!(
            "a name for `{other}`: give it one with AS"
        ))),
    }
}

pub(super) fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}
