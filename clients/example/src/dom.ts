// The little of a framework that the pages need.

type Child = Node | string | false | null | undefined;

/** An element with its properties and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child || child === '') as (Node | string)[]);
  return element;
}

/** A field with its label. */
export function field(label: string, name: string, properties: Partial<HTMLInputElement> = {}): HTMLLabelElement {
  return make('label', {}, label, make('input', { name, required: true, ...properties }));
}

interface Problem {
  message: string;
  help?: string | null | undefined;
}

/** A form that says above its button what was wrong; `submit` answers that, and nothing if all is well. */
export function form(action: string, children: Child[], submit: (value: (name: string) => string) => Promise<Problem[] | void>): HTMLFormElement {
  const problems = make('div', { role: 'alert' });
  const button = make('button', {}, action);
  const element = make('form', {}, ...children, problems, button);
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    const values = new FormData(element);
    button.disabled = true;
    problems.replaceChildren();
    submit((name) => String(values.get(name) ?? ''))
      .catch((error: Error): Problem[] => [error])
      .then((found) => {
        problems.replaceChildren(...(found ?? []).map(({ message, help }) => make('p', {}, [message, help].filter(Boolean).join(' — '))));
        button.disabled = false;
      });
  });
  return element;
}
