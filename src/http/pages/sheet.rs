//! The parts of a page. The [contents](super::contents) fill them with words, the template lays them
//! out; neither knows the other.

use askama::Template;

use super::contents;
use super::locale::Tongue;
use crate::error::UserError;
use crate::mail::Locale;

/// A page, top to bottom; what is empty is left out.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The heading, and the title of the document.
    pub heading: String,
    /// Why the form was not accepted.
    pub problems: Option<Problems>,
    /// What the page says.
    pub paragraphs: Vec<String>,
    /// What somebody else says.
    pub quote: Option<Quote>,
    /// What an invitation promises.
    pub grants: Option<Grants>,
    /// What can be done here.
    pub form: Option<Form>,
    /// Where else to go.
    pub links: Vec<Link>,
}

/// Why a form was not accepted.
#[derive(Debug)]
pub(super) struct Problems {
    /// Stands above them.
    pub heading: String,
    /// One a refusal.
    pub list: Vec<Problem>,
}

/// One refusal.
#[derive(Debug)]
pub(super) struct Problem {
    /// The field that it is about, where it is about one.
    pub input: Option<Input>,
    /// What to do about it.
    pub text: String,
}

/// A piece of somebody's own writing.
#[derive(Debug)]
pub(super) struct Quote {
    /// Whose it is.
    pub heading: String,
    /// What they wrote.
    pub text: String,
}

/// Roles in places.
#[derive(Debug)]
pub(super) struct Grants {
    /// Stands above them.
    pub heading: String,
    /// Each role, and where.
    pub lines: Vec<(String, String)>,
}

/// A form with one button, which changes something.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Where it is sent, when not to the page's own address.
    pub action: Option<String>,
    /// Stands above it, where the page is about more than the form.
    pub heading: Option<String>,
    /// What it is about.
    pub paragraphs: Vec<String>,
    /// What is asked for.
    pub fields: Vec<Field>,
    /// What the button does.
    pub button: String,
}

/// One thing that is asked for.
#[derive(Debug)]
pub(super) struct Field {
    /// What it is.
    pub input: Input,
    /// What it is called.
    pub label: String,
    /// What is accepted.
    pub hint: Option<String>,
    /// What was typed before; never a password.
    pub value: String,
    /// Why that was not accepted.
    pub error: Option<String>,
}

/// What forms ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The person's name.
    Name,
    /// The person's address.
    Email,
    /// A password to be.
    NewPassword,
    /// The person's password.
    Password,
}

impl Input {
    /// The name of the field in the form, and of the input in the use cases' refusals.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::NewPassword | Self::Password => "password",
        }
    }

    /// The `type` of the HTML element.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Name => "text",
            Self::Email => "email",
            Self::NewPassword | Self::Password => "password",
        }
    }

    /// What browsers and password managers may fill in (HTML §4.10.18.7).
    pub(super) fn autocomplete(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::NewPassword => "new-password",
            Self::Password => "current-password",
        }
    }
}

/// A link to another page.
#[derive(Debug)]
pub(super) struct Link {
    /// Where it leads.
    pub target: String,
    /// What is there.
    pub text: String,
}

impl Field {
    /// An empty field.
    pub(super) fn new(input: Input, label: String, hint: Option<String>) -> Self {
        Self { input, label, hint, value: String::new(), error: None }
    }

    /// The ids of what is said about it.
    fn descriptions(&self) -> Option<String> {
        let name = self.input.name();
        match (&self.hint, &self.error) {
            (None, None) => None,
            (Some(_), None) => Some(format!("{name}-hint")),
            (None, Some(_)) => Some(format!("{name}-error")),
            (Some(_), Some(_)) => Some(format!("{name}-hint {name}-error")),
        }
    }
}

impl Link {
    /// A link.
    pub(super) fn new(target: impl Into<String>, text: String) -> Self {
        Self { target: target.into(), text }
    }
}

impl Sheet {
    /// The same with what was typed into a field before, if it is there.
    pub(super) fn typed(mut self, input: Input, value: String) -> Self {
        if let Some(form) = &mut self.form
            && let Some(field) = form.fields.iter_mut().find(|field| field.input == input)
        {
            field.value = value;
        }
        self
    }

    /// The same after its form was refused: each reason at its field and in a summary on top. A page
    /// without a form says itself why there is none.
    pub(super) fn refused(mut self, locale: Locale, errors: &[UserError]) -> Self {
        let Some(form) = &mut self.form else { return self };
        let mut list = Vec::with_capacity(errors.len());
        for error in errors {
            let text = contents::refusal(locale, error);
            let named =
                |field: &&mut Field| error.path.first().is_some_and(|at| at == field.input.name());
            let field = form.fields.iter_mut().find(named);
            list.push(Problem {
                input: field.as_ref().map(|field| field.input),
                text: text.clone(),
            });
            if let Some(field) = field {
                field.error = Some(text);
            }
        }
        self.problems = Some(Problems { heading: contents::problems(locale), list });
        self
    }

    /// The document.
    ///
    /// # Errors
    /// Only when there is no memory for it.
    pub(super) fn render(&self, tongue: Tongue) -> askama::Result<String> {
        let locales = Locale::all().collect();
        Document { sheet: self, tongue, menu: contents::languages(tongue.locale), locales }.render()
    }
}

#[derive(Template)]
#[template(path = "pages/sheet.html")]
struct Document<'a> {
    sheet: &'a Sheet,
    tongue: Tongue,
    /// What the menu of languages is called.
    menu: String,
    locales: Vec<Locale>,
}
