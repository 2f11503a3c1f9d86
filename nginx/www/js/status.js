// Status search: one number, two systems, and an address that can be sent to somebody else.

import { $, el, setTitle, showErrors } from './dom.js';
import { call } from './api.js';
import { count, digits, grouped, moment, named, onLanguage, span, startLanguage, t } from './i18n.js';

const PATHS = { new: '/status/', old: '/legacy/status/' };
const DONE = ['RESOLVED', 'CLOSED'];
const ENDED = ['REJECTED', 'WITHDRAWN', 'DUPLICATE'];

let last = null; // {found} or {failed, number}, to be drawn again in another language
let asked = null; // the number being looked up

/** As both systems keep numbers: upper case, without what people put between the groups. */
function normal(text) {
	return digits(text).replace(/[\s\u200b-\u200d./_‐-―-]/g, '').toUpperCase();
}

/** The chosen system is a hint: the other one is asked as well. */
function order(number, choice) {
	const first = choice === 'any' ? (/^\d{12}$/.test(number) ? 'new' : 'old') : choice;
	return first === 'new' ? ['new', 'old'] : ['old', 'new'];
}

/** What two refusals mean together, the most useful first. */
function verdict(failures) {
	const has = (test) => Object.values(failures).find(test);
	const passing = (p) => p.status === 0 || p.status >= 500;
	const limited = has((p) => p.status === 429);
	if (limited)
		return { kind: 'limited', problem: limited };
	if (has((p) => p.code === 'mistyped'))
		return { kind: 'mistyped' };
	if (failures.old && passing(failures.old) && failures.new && !passing(failures.new))
		return { kind: 'old_down', problem: failures.old };
	const down = has(passing);
	if (down)
		return { kind: down.code === 'offline' ? 'offline' : 'down', problem: down };
	if (!has((p) => p.status !== 422))
		return { kind: 'invalid' };
	return { kind: 'none' };
}

async function ask(number, choice) {
	const failures = {};
	for (const system of order(number, choice)) {
		try {
			return { found: await call('GET', PATHS[system] + encodeURIComponent(number)) };
		} catch (e) {
			failures[system] = e;
			if (e.status === 429 || e.code === 'offline')
				break;
		}
	}
	return { number, failed: verdict(failures) };
}

function due(c) {
	if (DONE.includes(c.state) || ENDED.includes(c.state))
		return c.resolved_at && el('p', { class: 'due good' }, t('resolved_on', { when: moment(c.resolved_at) }));
	if (!c.due_at)
		return null;
	const left = new Date(c.due_at) - Date.now();
	return el('p', { class: left < 0 ? 'due late' : 'due' },
		el('b', {}, t(left < 0 ? 'overdue' : 'left', { span: span(left) })),
		el('span', {}, t('due', { when: moment(c.due_at) })));
}

function row(key, value) {
	return value && el('div', {}, el('dt', {}, t(key)), el('dd', {}, value));
}

function place(c) {
	return c.ward && t(c.borough ? 'ward_borough' : 'ward_n', { ward: count(c.ward), borough: count(c.borough ?? 0) });
}

function mood(c) {
	if (DONE.includes(c.state))
		return 'good';
	if (ENDED.includes(c.state))
		return 'quiet';
	return c.due_at && new Date(c.due_at) < Date.now() ? 'late' : 'busy';
}

function drawFound(c) {
	return el('article', { class: `card result ${mood(c)}` },
		el('header', {},
			el('p', { class: 'over' }, t(c.system === 'ekmc1' ? 'in_old' : 'in_new')),
			el('h2', { tabindex: '-1', id: 'answer', class: 'figure' }, grouped(c.number)),
			el('p', { class: 'state' }, named(c.state_name))),
		c.stale && el('p', { class: 'notice' }, t('stale', { span: span(c.age_s * 1000) })),
		due(c),
		el('dl', {},
			row('department', named(c.department)),
			row('subject', named(c.subcategory)),
			row('place', place(c)),
			row('lodged', c.lodged_at && moment(c.lodged_at)),
			row('level', c.level > 0 && t('level_n', { n: count(c.level) })),
			row('remark', c.remark)),
		c.timeline.length > 0 && [el('h3', {}, t('timeline')),
			el('ol', { class: 'timeline' }, [...c.timeline].reverse().map((step) => el('li', {},
				el('b', {}, named(step.state_name)), el('span', {}, moment(step.at)), el('span', {}, named(step.office)))))],
		el('p', { class: 'tools' }, el('button', { type: 'button', class: 'button', click: () => print() }, t('print'))));
}

function drawFailed({ kind, problem }, number) {
	const [, old] = problem?.link.match(/<(https?:\/\/[^>]*)>\s*;\s*rel="?related/) ?? [];
	return el('article', { class: 'card result quiet' },
		el('h2', { tabindex: '-1', id: 'answer' }, t(`${kind}_title`, { number: grouped(number) })),
		el('p', {}, t(`${kind}_text`, { span: span((problem?.retryAfter || 60) * 1000) })),
		kind === 'none' && el('ul', {}, ['none_1', 'none_2', 'none_3'].map((k) => el('li', {}, t(k)))),
		old && el('p', {}, el('a', { href: old, rel: 'noreferrer' }, t('old_page'))));
}

function draw() {
	const kind = last?.failed?.kind;
	if (!last || kind === 'mistyped' || kind === 'invalid') {
		$('result').replaceChildren();
		setTitle(t('title_status'));
		return;
	}
	$('result').replaceChildren(last.found ? drawFound(last.found) : drawFailed(last.failed, last.number));
	setTitle(last.found ? `${grouped(last.found.number)}: ${named(last.found.state_name)} – ${t('kmc_short')}`
		: `${t(`${kind}_title`, { number: grouped(last.number) })} – ${t('kmc_short')}`);
}

function clear() {
	last = null;
	showErrors([]);
	draw();
}

async function search(number) {
	if (number === asked)
		return; // a double tap
	asked = number;
	clear();
	$('live').textContent = t('searching');
	$('search').setAttribute('aria-busy', 'true');
	const answer = await ask(number, new FormData($('search')).get('system'));
	if (number !== asked)
		return; // "back" was pressed meanwhile: that number rules
	asked = null;
	$('live').textContent = '';
	$('search').removeAttribute('aria-busy');
	last = answer;
	draw();
	const kind = last.failed?.kind;
	if (kind === 'mistyped' || kind === 'invalid')
		showErrors([{ field: 'number', key: `${kind}_text` }]);
	else
		$('answer').focus();
}

function fromAddress() {
	let number = '';
	try {
		number = decodeURIComponent(location.pathname.match(/^\/s\/([^/]+)/)?.[1] ?? '').slice(0, 60);
	} catch { /* a broken escape is no number */ }
	$('number').value = grouped(number);
	if (normal(number))
		search(normal(number));
	else {
		asked = null;
		clear();
	}
}

$('search').addEventListener('submit', (event) => {
	event.preventDefault();
	const number = normal($('number').value);
	if (!number) {
		clear();
		showErrors([{ field: 'number', key: 'number_missing' }]);
		return;
	}
	const address = `/s/${encodeURIComponent(number)}${location.search}`;
	if (address !== location.pathname + location.search)
		history.pushState(null, '', address);
	search(number);
});
addEventListener('popstate', fromAddress);
onLanguage(draw);
await startLanguage();
fromAddress();
