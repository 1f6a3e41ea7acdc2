#pragma once

namespace sluice::denorm {

/// The plugin's options, as JSON Schema: what is checked, explained and documented.
inline constexpr const char* kOptionsSchema = R"json({
  "type": "object",
  "required": ["document"],
  "properties": {
    "connection": {
      "description": "The PostgreSQL server: a primary, reached without a transaction pooler.",
      "type": "object",
      "default": {},
      "properties": {
        "host": {"type": "string", "default": "localhost", "description": "Host name, address or socket folder."},
        "port": {"type": "integer", "default": 5432, "minimum": 1, "maximum": 65535, "description": "TCP port."},
        "user": {"type": "string", "default": "postgres", "description": "A role that may SELECT the tables."},
        "password": {"type": "string", "format": "secret", "default": "", "description": "The role's password."},
        "dbname": {"type": "string", "default": "postgres", "description": "Database."},
        "sslmode": {"type": "string", "enum": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"], "description": "Encryption, as libpq has it. Only verify-full makes sure that it is the server that was meant. If not given: verify-full with sslrootcert, else prefer."},
        "sslrootcert": {"type": "string", "format": "path", "description": "PEM file of the authorities that may sign the server's certificate."},
        "sslcert": {"type": "string", "format": "path", "description": "Client certificate."},
        "sslkey": {"type": "string", "format": "path", "description": "The client certificate's key; only its owner may read the file."},
        "sslpassword": {"type": "string", "format": "secret", "description": "Password of sslkey, if it is encrypted."},
        "connect_timeout": {"type": "string", "format": "duration", "default": "3s", "description": "To reach the server; in whole seconds, at least 2s."},
        "statement_timeout": {"type": "string", "format": "duration", "default": "30s", "description": "For one statement. A batch that takes longer is read in smaller parts."},
        "application_name": {"type": "string", "default": "sluice", "description": "As pg_stat_activity shows it."}
      }
    },
    "replication_slot": {
      "type": "string", "minLength": 1,
      "description": "The slot through which the connector reads. With it, no index is filled anew while the slot is missing or has lost changes, and how far behind it is shows in metrics and in the admin API."
    },
    "version_epoch": {
      "type": "integer", "default": 0, "minimum": 0, "maximum": 32767,
      "description": "High bits of every document's version. Raise it after restoring the database into a new cluster, where transaction counts start anew."
    },
    "fanout_threshold": {
      "type": "integer", "default": 1000, "minimum": 1, "maximum": 100000,
      "description": "A changed row in more documents than this is walked through page by page, behind fresh changes."
    },
    "document": {
      "description": "The root table: one document for each of its rows.",
      "type": "object",
      "required": ["table"],
      "properties": {
        "table": {"$ref": "#/$defs/table"},
        "key": {"$ref": "#/$defs/key", "description": "Columns whose values make the document's id; unique. Without: the primary key."},
        "columns": {"$ref": "#/$defs/columns"},
        "where": {"$ref": "#/$defs/where"},
        "children": {"$ref": "#/$defs/children"},
        "sql": {"type": "string", "minLength": 1, "description": "Instead of columns and children: a SELECT that gives the document of one root row, as one row. It refers to the root's columns by the table's name. No row: no document."},
        "watch": {"$ref": "#/$defs/watch"}
      }
    }
  },
  "$defs": {
    "table": {"type": "string", "minLength": 1, "description": "Name, or schema.name; without a schema, public."},
    "where": {"type": "string", "minLength": 1, "description": "SQL condition on the rows. Tables go by their member names (the root and junctions by their table names)."},
    "key": {
      "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
      ]
    },
    "columns": {
      "description": "What becomes a member of the document. Without: all columns. With \"*\" in the list: also all columns that it names neither as a column nor as a member.",
      "type": "array",
      "minItems": 1,
      "items": {
        "anyOf": [
          {"type": "string", "minLength": 1, "description": "A column, under its own name; or \"*\", at most once, for all others."},
          {
            "type": "object",
            "description": "One of column, sql and value.",
            "properties": {
              "column": {"type": "string", "minLength": 1, "description": "A column."},
              "sql": {"type": "string", "minLength": 1, "description": "An SQL expression over the row."},
              "value": {"description": "A constant."},
              "as": {"type": "string", "minLength": 1, "description": "The member's name. Needed with sql and value."}
            }
          }
        ]
      }
    },
    "pairs": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    "children": {
      "description": "Related tables, nested.",
      "type": "array",
      "items": {"$ref": "#/$defs/child"}
    },
    "child": {
      "type": "object",
      "required": ["table"],
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "The member's name. Without: the table's."},
        "table": {"$ref": "#/$defs/table"},
        "key": {"$ref": "#/$defs/key", "description": "Columns that tell rows apart; they give the default order. Without: the primary key."},
        "columns": {"$ref": "#/$defs/columns"},
        "scalar": {"type": "boolean", "default": false, "description": "The values of the only column, not objects."},
        "type": {"type": "string", "enum": ["array", "object"], "description": "Without: array, or object where the relation can match one row only."},
        "on": {"$ref": "#/$defs/pairs", "description": "A direct relation: this table's columns and the parent's columns that they equal. Without on and through: from the only foreign key between the two."},
        "through": {
          "description": "A relation by a junction table: its name, or an object.",
          "anyOf": [
            {"type": "string", "minLength": 1},
            {
              "type": "object",
              "required": ["table"],
              "properties": {
                "table": {"$ref": "#/$defs/table"},
                "parent": {"$ref": "#/$defs/pairs", "description": "The junction's columns and the parent's that they equal. Without: from the foreign key."},
                "child": {"$ref": "#/$defs/pairs", "description": "The junction's columns and the child's that they equal. Without: from the foreign key."},
                "columns": {"$ref": "#/$defs/columns", "description": "Columns of the junction that go into the child's object, such as a role; each by its name, no \"*\"."},
                "where": {"$ref": "#/$defs/where"}
              }
            }
          ]
        },
        "where": {"$ref": "#/$defs/where"},
        "order_by": {
          "description": "Order of an array; which row, of an object. Without: the key.",
          "type": "array",
          "minItems": 1,
          "items": {
            "anyOf": [
              {"type": "string", "minLength": 1},
              {
                "type": "object",
                "properties": {
                  "column": {"type": "string", "minLength": 1},
                  "sql": {"type": "string", "minLength": 1, "description": "An SQL expression instead of a column."},
                  "direction": {"type": "string", "enum": ["asc", "desc"], "default": "asc"}
                }
              }
            ]
          }
        },
        "limit": {"type": "integer", "minimum": 1, "description": "At most this many in an array."},
        "children": {"$ref": "#/$defs/children"},
        "watch": {"$ref": "#/$defs/watch"},
        "base": {"$ref": "#/$defs/watch", "description": "Where the table is a view: the tables that it reads, each related to the parent. An empty list: its changes are not followed."}
      }
    },
    "watch": {
      "description": "Tables related to this one that only an SQL expression, where or order_by reads. They become no members; their changes lead to the documents.",
      "type": "array",
      "items": {"$ref": "#/$defs/watched"}
    },
    "watched": {
      "type": "object",
      "required": ["table"],
      "properties": {
        "table": {"$ref": "#/$defs/table"},
        "on": {"$ref": "#/$defs/pairs", "description": "As for a child."},
        "through": {
          "description": "As for a child: a junction table's name, or an object.",
          "anyOf": [
            {"type": "string", "minLength": 1},
            {
              "type": "object",
              "required": ["table"],
              "properties": {
                "table": {"$ref": "#/$defs/table"},
                "parent": {"$ref": "#/$defs/pairs"},
                "child": {"$ref": "#/$defs/pairs"}
              }
            }
          ]
        },
        "columns": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}, "description": "The columns that are read, besides those that SQL anywhere in the document names; updates of others are of no interest. Without: all."},
        "watch": {"$ref": "#/$defs/watch"}
      }
    }
  }
})json";

}  // namespace sluice::denorm
