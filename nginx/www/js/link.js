// The page behind the link of a message: rate, re-open or reply without a login. Looking changes nothing: previews of links may look.

import { $, el, guarded, setTitle, showErrors } from './dom.js';
import { call, insist } from './api.js';
import { count, grouped, moment, named, onLanguage, recall, remember, startLanguage, t } from './i18n.js';
import { w } from './link-texts.js';

const STORED = 'ekmc.link';
const FORMS = ['reply', 'rate', 'reopen'];
const NEEDS = { reply: 'note', rate: 'stars', reopen: 'note' };

const LINK = /^\d{12}[\w-]{16}$/;

const typed = {}; // of each form, so that another language loses nothing
let keys = {}; // one of each form: what is sent twice counts once, even after a reload
let link = null;
let view = null; // what the link shows
let gone = null; // why it shows nothing: "spent", or a Problem
let done = null; // the last action that was done

function keep() {
	remember('sessionStorage', STORED, { link, keys });
}

function newKey(action) {
	keys[action] = crypto.randomUUID();
	keep();
}

/** The link leaves the address bar at once: what is copied from there opens nothing. It stays for a reload.
 * Returns whether another one was given: the mark of "skip to the content" is none. */
function take() {
	const given = location.hash.slice(1);
	if (!/^\d/.test(given)) {
		({ link = null, keys = {} } = recall('sessionStorage', STORED) ?? {});
		return false;
	}
	history.replaceState(history.state, '', location.pathname + location.search);
	link = given;
	FORMS.forEach(newKey);
	return true;
}

async function look() {
	const usable = LINK.test(link ?? '');
	try {
		view = usable ? await call('POST', '/links', { body: { link } }) : null;
		gone = usable ? null : 'spent';
	} catch (e) {
		view = null;
		gone = e.unknown || e.status === 429 ? e : 'spent';
	}
}

// -- what is shown --------------------------------------------------------------------------------------------------------

function errorLine(field) {
	return el('p', { class: 'error', id: `${field}-error` });
}

function stars() {
	return el('fieldset', { class: 'field', 'data-field': 'stars', 'data-control': 'star1' },
		el('legend', {}, w('stars')),
		errorLine('stars'),
		el('div', { class: 'choices stars' }, [1, 2, 3, 4, 5].map((n) => el('label', { class: 'choice' },
			el('input', { type: 'radio', name: 'stars', id: `star${n}`, value: n, checked: typed.stars === n,
				'aria-describedby': 'stars-error', change: () => { typed.stars = n; } }),
			el('span', {}, count(n))))));
}

function words(action, field, label, optional) {
	const id = `${action}-${field}`;
	const box = el('textarea', { id, rows: 3, 'aria-describedby': `${id}-error`, input: () => { typed[id] = box.value; } });
	box.value = typed[id] ?? '';
	return el('div', { class: 'field', 'data-field': id },
		el('label', { for: id }, el('span', {}, w(label)), optional && el('span', { class: 'optional' }, ` ${w('optional')}`)),
		errorLine(id), box);
}

function form(action) {
	const button = el('button', { class: 'primary' }, w(`send_${action}`));
	const send = guarded(button, 'sending', $('live'), () => act(action));
	return el('form', { class: 'card', novalidate: true, submit(event) {
		event.preventDefault();
		send();
	} },
		el('h2', {}, w(action)),
		action === 'reply' && el('p', {}, view.question),
		action === 'rate' ? [stars(), words('rate', 'comment', 'comment', true)] : words(action, 'note', `${action}_note`),
		button);
}

function drawView() {
	const offers = view.allowed_actions.map((o) => o.action).filter((a) => FORMS.includes(a));
	return [
		el('article', { class: done ? 'card result good' : 'card result busy' },
			done && el('p', { class: 'notice', id: 'done', tabindex: '-1' }, w(`done_${done}`)),
			el('header', {},
				el('p', { class: 'over' }, t('in_new')),
				el('h2', { tabindex: '-1', id: 'answer', class: 'figure' }, grouped(view.number)),
				el('p', { class: 'state' }, named(view.state_name))),
			el('dl', {},
				el('div', {}, el('dt', {}, t('subject')), el('dd', {}, named(view.subcategory))),
				el('div', {}, el('dt', {}, t('lodged')), el('dd', {}, moment(view.lodged_at))),
				view.note && el('div', {}, el('dt', {}, w('said')), el('dd', {}, view.note))),
			el('p', { class: 'tools' }, el('a', { class: 'button', href: `/s/${view.number}` }, t('timeline')))),
		FORMS.filter((a) => offers.includes(a)).map(form)];
}

function drawGone() {
	const known = done && link.slice(0, 12);
	const spent = gone === 'spent';
	return el('article', { class: 'card result quiet' },
		el('h2', { tabindex: '-1', id: 'answer' }, done ? w(`done_${done}`) : spent ? w('spent') : t('problem')),
		!done && el('p', {}, spent ? w('spent_text') : t(gone.code === 'offline' ? 'offline_text' : 'try_again')),
		el('p', { class: 'tools' }, el('a', { class: 'primary', href: known ? `/s/${known}` : '/' }, known ? t('follow') : w('find'))));
}

function draw() {
	$('heading').textContent = w('title');
	$('lead').textContent = w('lead');
	$('result').replaceChildren(...(view ? drawView() : gone ? [drawGone()] : []).flat());
	setTitle(`${view ? grouped(view.number) : w('title')} – ${t('kmc_short')}`);
	showErrors([]);
}

// -- sending --------------------------------------------------------------------------------------------------------------

function body(action) {
	const own = { link, action, version: view.version };
	return action === 'rate' ? { ...own, stars: typed.stars, comment: typed['rate-comment']?.trim() || undefined }
		: { ...own, note: typed[`${action}-note`]?.trim() || undefined };
}

function explain(action, e) {
	if (e.errors.length)
		return e.errors.map((x) => {
			const name = (x.pointer ?? '').split('/')[1] ?? '';
			return { field: name === 'stars' ? name : `${action}-${name}`, text: x.detail };
		});
	return [e.unknown ? { key: e.code === 'offline' ? 'offline_text' : 'try_again' } : { text: e.message }];
}

async function act(action) {
	const sent = body(action);
	const need = NEEDS[action];
	showErrors([]);
	if (!sent[need]) {
		showErrors([{ field: need === 'stars' ? need : `${action}-note`, text: w(`${need}_missing`) }]);
		return;
	}
	try {
		await insist('POST', '/links/actions', { body: sent, key: keys[action] });
	} catch (e) {
		if (!e.unknown && e.code !== 'still_running')
			newKey(action); // refused for certain: the next try is another request
		if (e.code === 'changed_meanwhile' || e.code === 'link_spent') {
			await look();
			draw();
		}
		showErrors(e.code === 'changed_meanwhile' ? [{ text: w('changed') }] : explain(action, e));
		return;
	}
	newKey(action);
	done = action;
	await look();
	draw();
	($('done') ?? $('answer')).focus();
	scrollTo(0, 0);
}

addEventListener('hashchange', async () => {
	if (!take())
		return;
	done = null;
	await look();
	draw();
});
onLanguage(() => draw());
take();
await startLanguage();
await look();
draw();
