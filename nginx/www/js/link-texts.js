// What the page behind the link of a message says. Not in i18n/, which the other pages would have to carry.

import { language } from './i18n.js';

const TEXTS = {
	title: ['Your complaint', 'আপনার অভিযোগ', 'आपकी शिकायत'],
	lead: ['Tell us how it went, without logging in.', 'লগ-ইন ছাড়াই জানান কাজ কেমন হল।', 'लॉग-इन किए बिना बताएँ कि काम कैसा हुआ।'],
	said: ['What the officer wrote', 'আধিকারিক যা লিখেছেন', 'अधिकारी ने क्या लिखा'],
	rate: ['How was the work?', 'কাজ কেমন হয়েছে?', 'काम कैसा हुआ?'],
	stars: ['From 1, very bad, to 5, very good', '১ খুব খারাপ, ৫ খুব ভালো', '1 बहुत ख़राब, 5 बहुत अच्छा'],
	comment: ['A word about it', 'দু-একটি কথা', 'इसके बारे में कुछ शब्द'],
	optional: ['(optional)', '(না দিলেও চলে)', '(वैकल्पिक)'],
	find: ['Find a complaint', 'অভিযোগ খুঁজুন', 'शिकायत खोजें'],
	send_rate: ['Send the rating', 'মতামত পাঠান', 'राय भेजें'],
	reopen: ['Is the problem still there?', 'সমস্যা কি এখনও আছে?', 'क्या समस्या अब भी है?'],
	reopen_note: ['What is still wrong?', 'এখনও কী ঠিক হয়নি?', 'अब भी क्या ठीक नहीं है?'],
	send_reopen: ['Open it again', 'আবার খুলুন', 'फिर से खोलें'],
	reply: ['The officer asks', 'আধিকারিক জানতে চান', 'अधिकारी जानना चाहते हैं'],
	reply_note: ['Your answer', 'আপনার উত্তর', 'आपका उत्तर'],
	send_reply: ['Send the answer', 'উত্তর পাঠান', 'उत्तर भेजें'],
	stars_missing: ['Choose from 1 to 5', '১ থেকে ৫-এর মধ্যে বেছে নিন', '1 से 5 में से चुनें'],
	note_missing: ['Write a few words', 'কয়েকটি কথা লিখুন', 'कुछ शब्द लिखें'],
	done_rate: ['Thank you for the rating', 'মতামতের জন্য ধন্যবাদ', 'राय के लिए धन्यवाद'],
	done_reopen: ['It is open again: a senior officer has it now', 'আবার খোলা হল: এখন ঊর্ধ্বতন আধিকারিক দেখছেন', 'फिर से खुल गई: अब वरिष्ठ अधिकारी देख रहे हैं'],
	done_reply: ['Thank you, the work goes on', 'ধন্যবাদ, কাজ চলছে', 'धन्यवाद, काम जारी है'],
	spent: ['This link is no longer good', 'এই লিঙ্কটি আর কাজ করে না', 'यह लिंक अब काम का नहीं'],
	spent_text: ['Use the one in the latest message, or find the complaint by its number.', 'সবচেয়ে নতুন বার্তার লিঙ্কটি খুলুন, বা নম্বর দিয়ে অভিযোগ খুঁজুন।',
		'सबसे नए संदेश का लिंक खोलें, या नंबर से शिकायत खोजें।'],
	changed: ['It changed meanwhile. Look, and send again.', 'এর মধ্যে অভিযোগটি বদলেছে। দেখে আবার পাঠান।', 'इस बीच शिकायत बदल गई। देखकर फिर भेजें।'],
};
const PLACES = ['en', 'bn', 'hi'];

export function w(key) {
	return TEXTS[key][PLACES.indexOf(language)];
}
