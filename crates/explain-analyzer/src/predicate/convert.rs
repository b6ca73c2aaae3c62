//! The parser's expressions to predicates.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator,
};

use super::{ColumnRef, Comparison, Operand, Predicate, Term, Wrapper};

pub(crate) fn predicate(expr: &Expr) -> Predicate {
    match bare(expr) {
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            junction(bare(expr), op)
        }
        Expr::BinaryOp { left, op, right } => binary(left, op, right),
        Expr::InList { expr, negated, list } => {
            let operand = if list.iter().all(is_value) { Operand::Value } else { Operand::Other };
            term(expr, if *negated { Comparison::Different } else { Comparison::Equal }, operand)
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
            term(left, Comparison::Equal, operand(right))
        }
        Expr::Between { expr, negated: false, low, high } => {
            let known = is_value(low) && is_value(high);
            term(expr, Comparison::Range, if known { Operand::Value } else { Operand::Other })
        }
        Expr::Like { expr, negated, pattern, .. } => term(
            expr,
            if *negated { Comparison::Different } else { Comparison::Pattern },
            operand(pattern),
        ),
        Expr::IsNull(expr) => term(expr, Comparison::Equal, Operand::Value),
        Expr::IsNotNull(expr) => term(expr, Comparison::Different, Operand::Value),
        // A Boolean column alone is compared with true or false.
        Expr::UnaryOp { op: UnaryOperator::Not, expr } if plain_column(expr) => {
            term(expr, Comparison::Equal, Operand::Value)
        }
        expr if plain_column(expr) => term(expr, Comparison::Equal, Operand::Value),
        _ => Predicate::Opaque,
    }
}

/// A chain of ANDs or ORs leans to the left; it is walked by a loop, so its length costs no stack.
fn junction(expr: &Expr, joined_by: &BinaryOperator) -> Predicate {
    let mut parts = Vec::new();
    let mut rest = expr;
    while let Expr::BinaryOp { left, op, right } = bare(rest)
        && op == joined_by
    {
        parts.push(predicate(right));
        rest = left;
    }
    parts.push(predicate(rest));
    parts.reverse();
    let is_and = *joined_by == BinaryOperator::And;
    let flat = parts.into_iter().flat_map(|part| match part {
        Predicate::All(inner) if is_and => inner,
        Predicate::Any(inner) if !is_and => inner,
        other => vec![other],
    });
    if is_and { Predicate::All(flat.collect()) } else { Predicate::Any(flat.collect()) }
}

fn binary(left: &Expr, op: &BinaryOperator, right: &Expr) -> Predicate {
    let comparison = match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => {
            Comparison::Range
        }
        BinaryOperator::NotEq => Comparison::Different,
        BinaryOperator::PGLikeMatch => Comparison::Pattern,
        _ => return Predicate::Opaque,
    };
    match term(left, comparison, operand(right)) {
        // `5 = column` says the same the other way round; a pattern does not.
        Predicate::Opaque if comparison != Comparison::Pattern => {
            term(right, comparison, operand(left))
        }
        found => found,
    }
}

fn term(expr: &Expr, comparison: Comparison, operand: Operand) -> Predicate {
    match column(expr) {
        Some((column, wrapper)) => Predicate::Term(Term { column, wrapper, comparison, operand }),
        None => Predicate::Opaque,
    }
}

fn operand(expr: &Expr) -> Operand {
    match column(expr) {
        Some((column, None)) => Operand::Column(column),
        _ if is_value(expr) => Operand::Value,
        _ => Operand::Other,
    }
}

/// The column an expression is about, and what is done to it.
pub(crate) fn column(expr: &Expr) -> Option<(ColumnRef, Option<Wrapper>)> {
    match bare(expr) {
        Expr::Identifier(name) => Some((named(None, name), None)),
        Expr::CompoundIdentifier(path) => match path.as_slice() {
            [.., table, name] => Some((named(Some(table), name), None)),
            _ => None,
        },
        Expr::Cast { expr, data_type, .. } => {
            let (column, inner) = column(expr)?;
            Some((
                column,
                inner.or_else(|| Some(Wrapper::Cast(data_type.to_string().to_lowercase()))),
            ))
        }
        Expr::Function(function) => {
            let FunctionArguments::List(list) = &function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice()
            else {
                return None;
            };
            let (column, _) = column(argument)?;
            Some((column, Some(Wrapper::Function(function.name.to_string().to_lowercase()))))
        }
        _ => None,
    }
}

fn named(qualifier: Option<&Ident>, name: &Ident) -> ColumnRef {
    ColumnRef { qualifier: qualifier.map(|ident| ident.value.clone()), name: name.value.clone() }
}

fn plain_column(expr: &Expr) -> bool {
    matches!(column(expr), Some((_, None)))
}

/// Whether the value is known before any row is read.
fn is_value(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => true,
        Expr::Cast { expr, .. } | Expr::UnaryOp { expr, .. } => is_value(expr),
        Expr::BinaryOp { left, right, .. } => is_value(left) && is_value(right),
        Expr::Array(array) => array.elem.iter().all(is_value),
        Expr::Function(function) => match &function.args {
            FunctionArguments::None => true,
            FunctionArguments::List(list) => list.args.iter().all(is_value_argument),
            FunctionArguments::Subquery(_) => false,
        },
        _ => false,
    }
}

fn is_value_argument(argument: &FunctionArg) -> bool {
    matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if is_value(expr))
}

/// Without the parentheses around it.
pub(crate) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
