// Languages: the choice, the texts, numbers and times as people of that language write them.
// English stands in the pages; i18n/en.json holds only what scripts say, bn.json and hi.json hold both.

const LOCALES = { en: 'en-IN', bn: 'bn-IN', hi: 'hi-IN' };
const STORED = 'ekmc.language';
const english = new WeakMap();
const listeners = [];
let texts = {};

export let language = 'en';

/** Storage may be switched off: then nothing is remembered. `area` is localStorage or sessionStorage by name. */
export function recall(area, key) {
	try {
		return JSON.parse(window[area].getItem(key));
	} catch {
		return null;
	}
}

export function remember(area, key, value) {
	try {
		window[area].setItem(key, JSON.stringify(value));
	} catch { /* then it holds for this page */ }
}

function preferred() {
	const asked = new URLSearchParams(location.search).get('lang');
	const wishes = [asked, recall('localStorage', STORED), ...navigator.languages].map((l) => (l ?? '').slice(0, 2).toLowerCase());
	return wishes.find((l) => l in LOCALES) ?? 'en';
}

export function t(key, values = {}) {
	return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** A name of the API: {en, bn, hi}. */
export function named(names) {
	return names?.[language] || names?.en || '';
}

export function count(n) {
	return new Intl.NumberFormat(LOCALES[language]).format(n);
}

export function moment(time) {
	return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Kolkata' })
		.format(new Date(time));
}

/** A length of time in its largest fitting unit: 3 days, 5 hours, 20 minutes. */
export function span(ms) {
	const minutes = Math.max(1, Math.floor(Math.abs(ms) / 60000));
	const [n, unit] = minutes >= 2880 ? [minutes / 1440, 'day'] : minutes >= 60 ? [minutes / 60, 'hour'] : [minutes, 'minute'];
	return new Intl.NumberFormat(LOCALES[language], { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 })
		.format(Math.floor(n));
}

/** Complaint numbers are read aloud in groups of four. */
export function grouped(number) {
	return /^\d{12}$/.test(number) ? number.replace(/(\d{4})(?=\d)/g, '$1 ') : number;
}

/** Bengali and Devanagari digits become ours. */
export function digits(text) {
	return text.replace(/[০-৯]/g, (d) => d.charCodeAt(0) - 0x9e6).replace(/[०-९]/g, (d) => d.charCodeAt(0) - 0x966);
}

export function onLanguage(listener) {
	listeners.push(listener);
}

function translate() {
	document.documentElement.lang = language;
	for (const node of document.querySelectorAll('[data-t]')) {
		if (!english.has(node))
			english.set(node, node.textContent);
		node.textContent = texts[node.dataset.t] ?? english.get(node);
	}
	for (const node of document.querySelectorAll('time[datetime]'))
		node.textContent = new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'long' }).format(new Date(node.dateTime));
	for (const link of document.querySelectorAll('.languages a')) {
		if (link.lang === language)
			link.setAttribute('aria-current', 'true');
		else
			link.removeAttribute('aria-current');
	}
}

async function use(wanted) {
	const answer = await fetch(`/i18n/${wanted}.json`);
	if (!answer.ok)
		throw new Error(`no texts for ${wanted}`);
	texts = await answer.json();
	language = wanted;
	translate();
	for (const listener of listeners)
		listener();
}

/** Call once per page, after the listeners are in place. */
export async function startLanguage() {
	for (const link of document.querySelectorAll('.languages a')) {
		link.addEventListener('click', (event) => {
			event.preventDefault(); // a new load would lose what was typed
			remember('localStorage', STORED, link.lang);
			use(link.lang);
			const url = new URL(location.href);
			if (url.searchParams.has('lang')) {
				url.searchParams.set('lang', link.lang);
				history.replaceState(history.state, '', url);
			}
		});
	}
	try {
		await use(preferred());
	} finally {
		document.documentElement.classList.add('ready');
	}
}
