// Lodging: everything is asked on one page, a code by SMS proves the mobile, and one key per form makes it happen once.

import { $, el, guarded, setTitle, showErrors } from './dom.js';
import { call, forget, insist, resume, signed, signIn, signOut } from './api.js';
import { count, digits, grouped, moment, onLanguage, recall, remember, startLanguage, t } from './i18n.js';
import { choose, place, startAbout, subject } from './about.js';

const CHARACTERS = 4000;
const DRAFT = 'ekmc.draft';
const KEPT = ['description', 'landmark', 'name', 'ward'];
const FIELD_OF = { department: 'subcategory', category: 'subcategory', location: 'ward' };

let me = null; // who is signed in
let otp = null; // {id, mobile} while a code is on its way
let note = null; // why we ask for a code again
let done = null; // the complaint, once lodged
let key = crypto.randomUUID();
let first = null; // a body that was sent under the key and may have been accepted

const length = (text) => [...text].length;
const text = (id) => $(id).value.trim();
const bare = (id) => digits($(id).value).replace(/[\s().-]/g, '');

// -- what was typed survives a reload, never longer than the tab -----------------------------------------------------------

function saveDraft() {
	const draft = Object.fromEntries(KEPT.map((id) => [id, $(id).value]));
	remember('sessionStorage', DRAFT, { ...draft, subcategory: subject(), key, first });
}

function loadDraft() {
	const draft = recall('sessionStorage', DRAFT);
	if (!draft)
		return;
	for (const id of KEPT)
		$(id).value = draft[id];
	choose(draft.subcategory);
	({ key, first } = draft);
}

// -- what is shown ------------------------------------------------------------------------------------------------------

function showLeft() {
	const left = CHARACTERS - length($('description').value);
	$('description-left').textContent = t(left < 0 ? 'too_many' : 'characters_left', { n: count(Math.abs(left)) });
	$('description-left').classList.toggle('over-limit', left < 0);
	$('description-left').setAttribute('aria-live', left < 100 ? 'polite' : 'off'); // read aloud when it matters
}

function draw() {
	setTitle(done ? `${t('lodged_title')} – ${t('kmc_short')}` : t('title_lodge'));
	showLeft();
	$('signed-in').hidden = !me;
	$('ask-mobile').hidden = Boolean(me || otp);
	$('ask-code').hidden = Boolean(me || !otp);
	$('session-note').hidden = !note;
	$('session-note').textContent = note ? t(note) : '';
	$('signed-in-as').textContent = me ? t('signed_in', { mobile: me.mobile ?? '' }) : '';
	$('code-sent').textContent = otp ? t('code_sent', { mobile: otp.mobile }) : '';
	$('send').textContent = t(me || otp ? 'lodge' : 'send_code');
	if (done)
		drawDone();
}

function drawDone() {
	$('lodge').hidden = true;
	$('result').replaceChildren(el('article', { class: 'card lifted result good' },
		el('header', {},
			el('h2', { id: 'answer', tabindex: '-1' }, t('lodged_title')),
			el('p', { class: 'over' }, t('your_number')),
			el('p', { class: 'figure huge' }, grouped(done.number))),
		done.earlier && el('p', { class: 'notice' }, t('earlier')),
		el('p', {}, t('keep_number')),
		done.due_at && el('p', {}, t('due', { when: moment(done.due_at) })),
		el('p', { class: 'tools' },
			el('a', { class: 'primary', href: `/s/${encodeURIComponent(done.number)}` }, t('follow')),
			el('button', { type: 'button', class: 'button', click: () => print() }, t('print')),
			el('a', { class: 'button', href: '/lodge' }, t('another')))));
}

// -- sending ------------------------------------------------------------------------------------------------------------

function missing() {
	return [
		['subcategory', subject(), 'subject_missing'],
		['ward', place().ward, 'ward_missing'],
		['landmark', length(text('landmark')) <= 200, 'landmark_long'],
		['description', text('description'), 'description_missing'],
		['description', length(text('description')) <= CHARACTERS, 'description_long'],
		['name', length(text('name')) <= 100, 'name_long'],
		['mobile', me || otp || /^(\+?91|0)?[6-9]\d{9}$/.test(bare('mobile')), 'mobile_wrong'],
		['code', me || !otp || /^\d{6}$/.test(bare('code')), 'code_missing'],
	].filter(([, good]) => !good).map(([field, , key]) => ({ field, key }));
}

function complaint() {
	const { ward, location } = place();
	return { subcategory: subject(), description: text('description'), ward, location, landmark: text('landmark') || undefined,
		name: text('name') || undefined, language: document.documentElement.lang };
}

/** The errors of a refused call, each at its field where the page has it. */
function explain(e) {
	const errors = e.errors.map((x) => {
		const name = (x.pointer ?? '').split('/')[1] ?? '';
		return { field: FIELD_OF[name] ?? name, text: x.detail };
	});
	if (errors.length)
		return errors;
	if (e.unknown)
		return [{ key: e.code === 'offline' ? 'offline_text' : first ? 'perhaps_lodged' : 'try_again' }];
	return [{ field: e.code.startsWith('otp') ? (otp ? 'code' : 'mobile') : undefined, text: e.message }];
}

async function sendCode() {
	const number = bare('mobile');
	const { otp_id: id } = await call('POST', '/otp', { body: { mobile: number, language: document.documentElement.lang } });
	otp = { id, mobile: number };
	$('code').value = '';
	draw();
	$('code').focus();
}

function post(body) {
	return signed(() => insist('POST', '/complaints', { body, key }));
}

async function lodge() {
	const body = complaint();
	try {
		first ??= body;
		saveDraft();
		return await post(body);
	} catch (e) {
		if (!e.unknown && e.code !== 'key_reused')
			first = null; // refused for certain
		if (e.code !== 'key_reused')
			throw e;
	}
	// An earlier try under this key arrived after all: its answer is the answer. If that was a refusal, this is a new request.
	try {
		const answer = await post(first ?? body);
		return { ...answer, earlier: true };
	} catch (e) {
		if (e.unknown || e.status === 401)
			throw e;
		key = crypto.randomUUID();
		first = body;
		return post(body);
	}
}

async function advance() {
	showErrors([]);
	try {
		await begin();
		const errors = missing();
		if (errors.length) {
			showErrors(errors);
			return;
		}
		if (!me && !otp) {
			await sendCode();
			return;
		}
		if (!me) {
			me = await signIn(otp.id, bare('code'));
			otp = note = null;
			draw();
		}
		done = await lodge();
		remember('sessionStorage', DRAFT, null);
		draw();
		$('answer').focus();
		scrollTo(0, 0);
	} catch (e) {
		if (e.status === 401 && me) {
			await askAgain();
			return;
		}
		if (e.code === 'otp_spent') {
			otp = null;
			draw();
		}
		showErrors(explain(e));
	}
}

/** The session ended between typing and sending: a new code, and nothing typed twice. */
async function askAgain() {
	forget();
	me = otp = null;
	note = 'session_ended';
	draw();
	if (/\d{10}$/.test(bare('mobile'))) {
		try {
			await sendCode();
			return;
		} catch { /* then they press the button */ }
	}
	$('mobile').focus();
}

function back() {
	otp = null;
	draw();
	$('mobile').focus();
}

/** The catalogue may be missing when the page opens: the button asks for it again. */
async function begin() {
	if (await startAbout(saveDraft))
		loadDraft();
}

const send = guarded($('send'), 'sending', $('live'), advance);
$('lodge').addEventListener('submit', (event) => {
	event.preventDefault();
	send();
});
$('lodge').addEventListener('input', saveDraft);
$('description').addEventListener('input', showLeft);
$('again').addEventListener('click', guarded($('again'), 'sending', $('live'), async () => {
	showErrors([]);
	await sendCode().catch((e) => showErrors(explain(e)));
}));
$('change').addEventListener('click', back);
$('sign-out').addEventListener('click', async () => {
	await signOut().catch(() => {});
	me = null;
	back();
});

onLanguage(draw);
await startLanguage();
await begin().catch((e) => showErrors(explain(e)));
me = await resume();
draw();
