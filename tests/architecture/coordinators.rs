//! A coordinator holds state machines and leaves their state to them: it has few fields, and only its own file assigns
//! them.

use std::collections::BTreeSet;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Fields, FnArg, Item, Member, Pat, Type};

use crate::{root, rust_files};

/// One of them.
struct Coordinator {
    name: &'static str,
    /// Where it is declared.
    file: &'static str,
    /// Where the rest of it may be.
    room: &'static str,
    most_fields: usize,
    /// No other file assigns them.
    closed: bool,
}

const COORDINATORS: [Coordinator; 2] = [
    Coordinator {
        name: "Port",
        file: "daemon/proto/src/call/port.rs",
        room: "daemon/proto/src/call",
        most_fields: 12,
        closed: true,
    },
    // It acts: what it does for links, cards and media is in their files.
    Coordinator {
        name: "Gateway",
        file: "daemon/src/control/mod.rs",
        room: "daemon/src/control",
        most_fields: 14,
        closed: false,
    },
];

#[test]
fn coordinators_are_small_and_their_fields_are_assigned_in_their_own_file_only() {
    for c in COORDINATORS {
        let file = root().join(c.file);
        let fields = fields(&parsed(&file), c.name);
        assert!(
            (1..=c.most_fields).contains(&fields.len()),
            "{} has {} fields, and {} at most are allowed: {fields:?}. Move some into a state machine of their own",
            c.name,
            fields.len(),
            c.most_fields
        );
        for other in rust_files(&root().join(c.room)) {
            if !c.closed || other == file {
                continue;
            }
            let found = assigned(&parsed(&other), c.name, &fields);
            assert!(
                found.is_empty(),
                "{} changes {found:?} of {} by hand: give its state machine a method for it",
                other.display(),
                c.name
            );
        }
    }
}

#[test]
fn what_counts_as_an_assignment() {
    let source = syn::parse_str(
        "impl Port {
            fn a(&mut self) { self.calls = Calls::new(); }
            fn b(&mut self) { self.counters.lost += 1; }
            fn c(&mut self) { self.list[0].state = 1; }
            fn d(&mut self) { std::mem::take(&mut self.owed); }
            fn e(&mut self) { self.set.lift(); self.legs.close(&self.cfg); self.other = 1; }
        }
        impl Machine { fn f(&mut self) { self.calls = 1; } }
        fn g(port: &mut Port, machine: &mut Machine) { port.tone.0 = 1; machine.set = 1; }",
    )
    .expect("a source file");
    let fields = [
        "calls", "counters", "list", "owed", "set", "legs", "cfg", "tone",
    ];
    let fields = fields.map(str::to_owned).into();
    assert_eq!(
        assigned(&source, "Port", &fields),
        ["calls", "counters", "list", "owed", "tone"]
    );
}

fn parsed(file: &Path) -> syn::File {
    let text = std::fs::read_to_string(file).expect("a source file");
    syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// The names of a struct's fields.
fn fields(file: &syn::File, name: &str) -> BTreeSet<String> {
    let structs = file.items.iter().filter_map(|item| match item {
        Item::Struct(s) if s.ident == name => Some(&s.fields),
        _ => None,
    });
    let named = structs.filter_map(|fields| match fields {
        Fields::Named(fields) => Some(&fields.named),
        Fields::Unnamed(_) | Fields::Unit => None,
    });
    let idents = named.flatten().filter_map(|field| field.ident.as_ref());
    idents.map(ToString::to_string).collect()
}

/// The fields of the coordinator that a file assigns, or borrows to be changed.
fn assigned(file: &syn::File, name: &str, fields: &BTreeSet<String>) -> Vec<String> {
    let mut search = Search {
        name,
        fields,
        coordinators: Vec::new(),
        found: Vec::new(),
    };
    search.visit_file(file);
    search.found
}

struct Search<'a> {
    name: &'a str,
    fields: &'a BTreeSet<String>,
    /// The names by which the coordinator is known here.
    coordinators: Vec<String>,
    found: Vec<String>,
}

impl Search<'_> {
    fn is_coordinator(&self, of: &Type) -> bool {
        match of {
            Type::Reference(reference) => self.is_coordinator(&reference.elem),
            Type::Path(path) => {
                let last = path.path.segments.last();
                last.is_some_and(|segment| segment.ident == self.name)
            }
            _ => false,
        }
    }

    /// `place` is changed: is it, or is it in, a field of the coordinator?
    fn changed(&mut self, place: &Expr) {
        match place {
            Expr::Field(field) => {
                if let (Expr::Path(base), Member::Named(member)) = (&*field.base, &field.member)
                    && let Some(base) = base.path.get_ident()
                    && self.coordinators.iter().any(|known| base == known)
                    && self.fields.contains(&member.to_string())
                {
                    self.found.push(member.to_string());
                }
                self.changed(&field.base);
            }
            Expr::Index(index) => self.changed(&index.expr),
            Expr::Paren(paren) => self.changed(&paren.expr),
            Expr::Unary(unary) => self.changed(&unary.expr),
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|place| self.changed(place)),
            _ => {}
        }
    }

    /// In here the coordinator is known by these names as well.
    fn within(&mut self, names: Vec<String>, visit: impl FnOnce(&mut Self)) {
        let before = self.coordinators.len();
        self.coordinators.extend(names);
        visit(self);
        self.coordinators.truncate(before);
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let mine = self.is_coordinator(&item.self_ty);
        let names = if mine {
            vec!["self".to_owned()]
        } else {
            vec![]
        };
        self.within(names, |search| visit::visit_item_impl(search, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let arguments = item
            .sig
            .inputs
            .iter()
            .filter_map(|argument| match argument {
                FnArg::Typed(typed) if self.is_coordinator(&typed.ty) => match &*typed.pat {
                    Pat::Ident(name) => Some(name.ident.to_string()),
                    _ => None,
                },
                FnArg::Typed(_) | FnArg::Receiver(_) => None,
            });
        let names = arguments.collect();
        self.within(names, |search| visit::visit_item_fn(search, item));
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.changed(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let assigns = matches!(
            binary.op,
            BinOp::AddAssign(_)
                | BinOp::SubAssign(_)
                | BinOp::MulAssign(_)
                | BinOp::DivAssign(_)
                | BinOp::RemAssign(_)
                | BinOp::BitXorAssign(_)
                | BinOp::BitAndAssign(_)
                | BinOp::BitOrAssign(_)
                | BinOp::ShlAssign(_)
                | BinOp::ShrAssign(_)
        );
        if assigns {
            self.changed(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.changed(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }
}
