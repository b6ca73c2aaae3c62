//! What a notification says.

use serde_json::Value;

/// A change that was told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// Schema and name: the table, those it belongs to and those that belong to it. `None`: any.
    pub(super) tables: Option<Vec<(String, String)>>,
    /// None if it is not known which rows.
    pub(super) rows: Option<Rows>,
}

/// The keys of the changed rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    pub(super) keys: Vec<Vec<Value>>,
}

impl Told {
    /// Anything may have changed.
    pub(super) fn anything() -> Self {
        Self { tables: None, rows: None }
    }

    /// Reads a notification. One that is not understood, from a later version for one, may mean
    /// anything.
    pub(super) fn parse(payload: &str) -> Self {
        Self::try_parse(payload).unwrap_or_else(Self::anything)
    }

    fn try_parse(payload: &str) -> Option<Self> {
        let Value::Object(mut told) = serde_json::from_str(payload).ok()? else { return None };
        if told.get("v")? != 1 {
            return None;
        }
        let tables: Vec<(String, String)> = serde_json::from_value(told.remove("t")?).ok()?;
        let rows = match (told.remove("c"), told.remove("k")) {
            (None, None) => None,
            (columns, keys) => Some(Rows {
                columns: serde_json::from_value(columns?).ok()?,
                keys: serde_json::from_value(keys?).ok()?,
            }),
        };
        let is_even = |rows: &Rows| rows.keys.iter().all(|key| key.len() == rows.columns.len());
        rows.as_ref().is_none_or(is_even).then_some(Self { tables: Some(tables), rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tables_and_keys_are_read() {
        let told = Told::parse(
            r#"{"v":1,"t":[["duty","shifts"]],"c":["person","day"],"k":[[7,"2025-01-03"],[null,"x"]]}"#,
        );
        assert_eq!(told.tables, Some(vec![("duty".into(), "shifts".into())]));
        let rows = told.rows.unwrap();
        assert_eq!(rows.columns, ["person", "day"]);
        assert_eq!(rows.keys, [[Value::from(7), "2025-01-03".into()], [Value::Null, "x".into()]]);
        assert_eq!(Told::parse(r#"{"v":1,"t":[["a","b"]]}"#).rows, None);
    }

    #[test]
    fn what_is_not_understood_may_mean_anything() {
        let strange = [
            "",
            "shifts",
            r#"{"v":2,"t":[["a","b"]]}"#,
            r#"{"v":1,"t":null}"#,
            r#"{"v":1,"t":[["a","b"]],"k":[[1]]}"#,
            r#"{"v":1,"t":[["a","b"]],"c":["x"],"k":[[1,2]]}"#,
        ];
        for payload in strange {
            assert_eq!(Told::parse(payload), Told::anything(), "{payload}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_panic(payload in ".*") {
            Told::parse(&payload);
        }
    }
}
