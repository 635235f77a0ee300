//! What a hook is, as everything sees it that serves all hooks alike.
//!
//! A hook is one [`Hook`] in [`HOOKS`] and a module of its own with its facts, its checks and its
//! typed calls. Loading, calling, recording, replaying and trying take hooks from here and know
//! none by name.

use std::{any::Any, sync::Arc};

use bytes::Bytes;
use postlude_proto::runs::v1::PluginError;
use prost_reflect::{MessageDescriptor, ReflectMessage};
use wasmtime::{
    Store,
    component::{InstancePre, Linker},
};

use crate::{
    call,
    component::Component,
    fault::PluginFault,
    host::Inner,
    loyalty_rules, notification_policy, return_policy,
    sandbox::{Guest, Spent},
};

/// Every hook.
pub(crate) static HOOKS: [&Hook; 3] = [
    &return_policy::DEFINITION,
    &loyalty_rules::DEFINITION,
    &notification_policy::DEFINITION,
];

/// What a plugin of any hook may call.
pub(crate) const IMPORTS: [&str; 2] = ["postlude:plugin/config@1.0.0", "postlude:plugin/log@1.0.0"];

/// A place where the platform asks a plugin.
pub struct Hook {
    /// Its name, as in manifests, bindings and runs.
    pub name: &'static str,
    /// The contract's world that a component of it is built for.
    pub world: &'static str,
    /// What it asks.
    pub functions: &'static [Function],
    /// What a plugin of it exports.
    pub(crate) export: &'static str,
    /// The contract's own text: its digest says which contract a run was under.
    pub(crate) contract: &'static str,
    /// Gives a component what it may call.
    pub(crate) link: fn(&mut Linker<Guest>) -> wasmtime::Result<()>,
    /// Checks that a component has the world's types.
    pub(crate) prepare: fn(InstancePre<Guest>) -> wasmtime::Result<Box<dyn Any + Send + Sync>>,
}

/// One function of a hook.
pub struct Function {
    /// Its name, as runs and fixtures have it.
    pub name: &'static str,
    /// The message of the recorded input.
    pub(crate) input: fn() -> MessageDescriptor,
    /// The message of the recorded output.
    pub(crate) output: fn() -> MessageDescriptor,
    /// Runs it on a recorded input; `None` if that can't be read.
    pub(crate) run: fn(&Inner, &Component, &[u8], Arc<str>) -> Option<Ran>,
}

/// A call of any function that ran, as bytes.
pub(crate) struct Ran {
    /// Whether it was answered with the plugin's own "no answer".
    pub(crate) said: Result<bool, PluginFault>,
    pub(crate) output: Bytes,
    pub(crate) spent: Spent,
}

/// The hook of this name.
#[must_use]
pub fn hook(name: &str) -> Option<&'static Hook> {
    HOOKS.into_iter().find(|hook| hook.name == name)
}

/// Every hook that this host knows.
#[must_use]
pub fn hooks() -> &'static [&'static Hook] {
    &HOOKS
}

impl Hook {
    /// The function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&'static Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hook").field(&self.name).finish()
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

/// A recorded input: what one function of a hook is asked.
pub(crate) trait Call: ReflectMessage + prost::Message + Default + Clone + 'static {
    /// The hook.
    const HOOK: &'static str;
    /// The function.
    const FUNCTION: &'static str;
    /// The recorded output.
    type Output: Said;

    /// Lines of the order, or what else makes a call long: each gives fuel.
    fn lines(&self) -> u64;

    /// Asks a fresh instance of the component. Keeps what was said as it was said.
    fn ask(
        &self,
        component: &Component,
        store: &mut Store<Guest>,
    ) -> wasmtime::Result<Self::Output>;
}

/// A recorded output: what a guest said, unchecked.
pub(crate) trait Said: ReflectMessage + prost::Message + Default + 'static {
    /// The answer, where it is one.
    type Answer;

    fn new(answer: Result<Self::Answer, PluginError>) -> Self;

    /// `None` where nothing was said.
    fn into_answer(self) -> Option<Result<Self::Answer, PluginError>>;

    fn is_error(&self) -> bool;
}

/// Makes a message with a `oneof answer` of an answer and an error a [`Said`].
macro_rules! said {
    ($output:ident, $answers:ident::$answer:ident($message:ident)) => {
        impl $crate::hook::Said for $output {
            type Answer = $message;

            fn new(answer: Result<$message, postlude_proto::runs::v1::PluginError>) -> Self {
                Self {
                    answer: Some(match answer {
                        Ok(answer) => $answers::Answer::$answer(answer),
                        Err(error) => $answers::Answer::Error(error),
                    }),
                }
            }

            fn into_answer(
                self,
            ) -> Option<Result<$message, postlude_proto::runs::v1::PluginError>> {
                self.answer.map(|answer| match answer {
                    $answers::Answer::$answer(answer) => Ok(answer),
                    $answers::Answer::Error(error) => Err(error),
                })
            }

            fn is_error(&self) -> bool {
                matches!(self.answer, Some($answers::Answer::Error(_)))
            }
        }
    };
}
pub(crate) use said;

impl Function {
    /// The function whose recorded input is `C`.
    pub(crate) const fn of<C: Call>() -> Self {
        Self {
            name: C::FUNCTION,
            input: || C::default().descriptor(),
            output: || C::Output::default().descriptor(),
            run: call::run::<C>,
        }
    }
}
