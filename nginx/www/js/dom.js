// Building the page without ever handing text to the HTML parser, and telling people what to mend.

import { t, onLanguage } from './i18n.js';

export const $ = (id) => document.getElementById(id);

/** An element: attributes, functions as listeners, children; empty children are left out. */
export function el(tag, attributes = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === 'function')
			node.addEventListener(name, value);
		else if (value === true)
			node.setAttribute(name, '');
		else if (value !== false && value !== null && value !== undefined)
			node.setAttribute(name, value);
	}
	node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false && c !== ''));
	return node;
}

let shown = [];
let title = document.title;

function sentence(error) {
	return error.text ?? t(error.key, error.values);
}

function control(box) {
	return $(box?.dataset.control) ?? box?.querySelector('input, select, textarea');
}

function draw() {
	setTitle(title);
	for (const box of document.querySelectorAll('[data-field]')) {
		const error = shown.find((e) => e.field === box.dataset.field);
		box.classList.toggle('wrong', Boolean(error));
		$(`${box.dataset.field}-error`).textContent = error ? `${t('error')}: ${sentence(error)}` : '';
		control(box).setAttribute('aria-invalid', Boolean(error));
	}
	const lines = shown.map((error) => {
		const input = control(document.querySelector(`[data-field="${error.field}"]`));
		return el('li', {}, input ? el('a', { href: `#${input.id}`, click(event) {
			event.preventDefault(); // no mark in the address, where numbers stand
			input.focus();
		} }, sentence(error)) : sentence(error));
	});
	$('summary').replaceChildren(shown.length ? el('div', { class: 'summary', role: 'alert', tabindex: '-1' },
		el('h2', {}, t('problem')), el('ul', {}, lines)) : '');
}

/** Errors are {field?, key, values?} or {field?, text}: a summary that takes the focus, a line at each field. None: all clear. */
export function showErrors(errors) {
	shown = errors;
	draw();
	document.querySelector('.summary')?.focus();
}

/** The title of what the page shows now; while there are errors it says so first. */
export function setTitle(text) {
	title = text;
	document.title = shown.length ? `${t('error')}: ${title}` : title;
}

onLanguage(() => draw());

/** One action at a time: while `work` runs, a second tap does nothing and the button says what happens. */
export function guarded(button, busyKey, live, work) {
	let busy = false;
	return async (...args) => {
		if (busy)
			return;
		busy = true;
		button.setAttribute('aria-disabled', 'true');
		live.textContent = t(busyKey);
		try {
			await work(...args);
		} finally {
			busy = false;
			button.removeAttribute('aria-disabled');
			live.textContent = '';
		}
	};
}
