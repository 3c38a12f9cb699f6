//! A connection, and what is known of the server's types.
//!
//! Types do not change while a server runs, so each is asked for once.

use std::collections::HashMap;
use std::rc::Rc;

use qomet::Model;
use qomet_qmp::{Client, ClientError, ObjectView, PropertyFacts};

/// A connection.
pub(super) struct Session {
    /// The connection itself.
    pub(super) client: Client,
    /// An empty model with the program's own types.
    pub(super) local: Model,
    types: HashMap<String, Rc<Vec<PropertyFacts>>>,
    /// Whether the server says more of a property than QEMU does; known once one was seen.
    is_exact: Option<bool>,
    names: Option<super::schema::Names>,
}

impl Session {
    pub(super) fn new(client: Client, local: Model) -> Self {
        Session { client, local, types: HashMap::new(), is_exact: None, names: None }
    }

    /// Starts anew on another connection: the server behind it may be another one.
    #[cfg(feature = "shell")]
    pub(super) fn reconnect(&mut self, client: Client) {
        *self = Session::new(client, self.local.clone());
    }

    /// The names of the values of an enum that the server tells only in its schema; nothing if it does not.
    pub(super) fn enum_names(&mut self, type_name: &str, property: &str) -> Vec<String> {
        let names = match self.names.take() {
            Some(names) => names,
            None => {
                let schema =
                    self.client.execute("query-qmp-schema", serde_json::Value::Null).unwrap_or_default();
                super::schema::Names::read(&schema)
            }
        };
        self.names.insert(names).of(type_name, property).to_vec()
    }

    /// The properties that a type declares; none where the server refuses to tell.
    ///
    /// # Errors
    /// The connection fails.
    pub(super) fn declared(&mut self, type_name: &str) -> Result<Rc<Vec<PropertyFacts>>, ClientError> {
        if let Some(known) = self.types.get(type_name) {
            return Ok(Rc::clone(known));
        }
        let facts = match self.client.properties_of(type_name) {
            Ok(facts) => Rc::new(facts),
            Err(ClientError::Refused(_)) => Rc::default(),
            Err(error) => return Err(error),
        };
        if self.is_exact.is_none() && !facts.is_empty() {
            self.is_exact = Some(facts.iter().any(|one| one.value_type.is_some()));
        }
        self.types.insert(type_name.to_owned(), Rc::clone(&facts));
        Ok(facts)
    }

    /// The same in the words of the program's own types, where the server's say too little: QEMU does not tell sizes from
    /// other numbers, nor what is fixed.
    ///
    /// # Errors
    /// The connection fails.
    pub(super) fn explained(&mut self, type_name: &str) -> Result<Rc<Vec<PropertyFacts>>, ClientError> {
        let declared = self.declared(type_name)?;
        let Some(class) = self.local.registry().get(type_name).filter(|_| self.is_exact != Some(true)) else {
            return Ok(declared);
        };
        let facts = class.properties().iter().map(|property| PropertyFacts {
            name: property.name.to_owned(),
            type_name: property.value_type.qom_name(),
            value_type: Some(property.value_type.to_string()),
            mutable: Some(property.mutability.as_str().to_owned()),
            sensitive: property.sensitive,
            ..PropertyFacts::default()
        });
        Ok(Rc::new(facts.collect()))
    }

    /// The same, if it is worth asking for the sake of how values look: QEMU says nothing of that.
    ///
    /// # Errors
    /// The connection fails.
    pub(super) fn known(&mut self, object: &ObjectView) -> Result<Rc<Vec<PropertyFacts>>, ClientError> {
        if self.is_exact == Some(false) || object.properties.is_empty() {
            return Ok(Rc::default());
        }
        self.declared(&object.type_name)
    }

    /// What is known of a property of a live object: what its type declares, else what the object lists.
    ///
    /// # Errors
    /// There is no such object, or the connection fails. A property that there is not is `None`.
    pub(super) fn facts(&mut self, path: &str, property: &str) -> Result<Option<PropertyFacts>, ClientError> {
        let type_name = self.client.get(path, "type")?;
        let declared = self.declared(type_name.as_str().unwrap_or_default())?;
        if let Some(facts) = declared.iter().find(|facts| facts.name == property) {
            return Ok(Some(facts.clone()));
        }
        Ok(self.client.list(path)?.into_iter().find(|facts| facts.name == property))
    }
}
