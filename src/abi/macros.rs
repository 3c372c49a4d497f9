//! Declarations of the contract's records and enums.

/// Declares a record of the contract with its fields in the contract's order, `out` for one that
/// is written and `in` for one that is read: a new `struct`, or a type that there is already.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        out struct $name:ident<$life:lifetime> { $($field:ident: $of:ty),* $(,)? }
    ) => {
        $(#[$attribute])*
        struct $name<$life> { $($field: $of,)* }

        $crate::abi::record!(@out [<$life>] $name<$life> { $($field: $of),* });
    };
    (
        $(#[$attribute:meta])*
        in $visibility:vis struct $name:ident { $($field:ident: $of:ty),* $(,)? }
    ) => {
        $(#[$attribute])*
        $visibility struct $name { $($field: $of,)* }

        $crate::abi::record!(in $name { $($field: $of),* });
    };
    (out $type:ty { $($field:ident: $of:ty),* $(,)? }) => {
        $crate::abi::record!(@out [] $type { $($field: $of),* });
    };
    (in $type:ty { $($field:ident: $of:ty),* $(,)? }) => {
        $crate::abi::record!(@shape [] $type { $($field: $of),* });

        impl $crate::abi::Lift for $type {
            fn lift(from: &mut $crate::abi::Source<'_>) -> Self {
                let layout = <Self as $crate::abi::Shape>::LAYOUT;
                from.record(layout, |from| Self { $($field: from.field::<$of>(),)* })
            }
        }
    };
    (@out [$($life:tt)*] $type:ty { $($field:ident: $of:ty),* }) => {
        $crate::abi::record!(@shape [$($life)*] $type { $($field: $of),* });

        impl $($life)* $crate::abi::Lower for $type {
            fn lower(&self, to: $crate::abi::Place<'_>) {
                // Exhaustive: a field that is added must be declared.
                let Self { $($field,)* } = self;
                let mut fields = to.fields();
                $(fields.put::<$of>($field);)*
            }
        }
    };
    (@shape [$($life:tt)*] $type:ty { $($field:ident: $of:ty),* }) => {
        impl $($life)* $crate::abi::Shape for $type {
            const LAYOUT: $crate::abi::Layout = $crate::abi::Layout::record(&[
                $(<$of as $crate::abi::Shape>::LAYOUT,)*
            ]);

            #[cfg(test)]
            fn describe(out: &mut alloc::string::String) {
                out.push_str("record{");
                $(
                    out.push_str(stringify!($field));
                    out.push_str(": ");
                    <$of as $crate::abi::Shape>::describe(out);
                    out.push_str(", ");
                )*
                out.push('}');
            }
        }
    };
}

/// Declares a type as an enum of the contract, with its cases in the contract's order.
macro_rules! cases {
    ($type:ident { $($case:ident),* $(,)? }) => {
        const _: () = {
            #[derive(Clone, Copy)]
            enum Order { $($case,)* }

            impl $crate::abi::Shape for $type {
                const LAYOUT: $crate::abi::Layout = $crate::abi::Layout::variant(&[]);

                #[cfg(test)]
                fn describe(out: &mut alloc::string::String) {
                    out.push_str("enum{");
                    $(
                        out.push_str(stringify!($case));
                        out.push_str(", ");
                    )*
                    out.push('}');
                }
            }

            impl $crate::abi::Lower for $type {
                fn lower(&self, to: $crate::abi::Place<'_>) {
                    let case = match self { $($type::$case => Order::$case,)* };
                    to.case(case as u8, <Self as $crate::abi::Shape>::LAYOUT);
                }
            }

            impl $crate::abi::Lift for $type {
                fn lift(from: &mut $crate::abi::Source<'_>) -> Self {
                    let layout = <Self as $crate::abi::Shape>::LAYOUT;
                    let order = [$($type::$case,)*];
                    from.variant(layout, |case, _| order[case as usize])
                }
            }
        };
    };
}

pub(crate) use {cases, record};
