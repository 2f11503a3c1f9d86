-- Work that time alone causes: who does it, and what finds it.

CREATE TABLE lease (
  name VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'what only one host does at a time',
  owner BINARY(16) NULL COMMENT 'token of who does it; NULL: nobody',
  generation BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'counts claims: fences off who comes late',
  lease_until DATETIME(3) NOT NULL COMMENT 'the claim lapses, UTC by the database''s clock',
  next_at DATETIME(3) NOT NULL COMMENT 'not to be done again before, UTC by the database''s clock',
  done_for DATETIME(3) NULL COMMENT 'how far the work has come, where it goes along a time, UTC'
) ENGINE=InnoDB COMMENT 'leases, taken by compare-and-set';

-- What is due is found at the end of an index, however many closed complaints there are: complaint_escalate is there for breaches.
ALTER TABLE complaint
  ADD KEY complaint_resolved (state, resolved_at) COMMENT 'for closing when the re-open window ends',
  ADD KEY complaint_waiting (waiting_since) COMMENT 'for resuming when the citizen does not answer',
  ADD KEY complaint_overdue (level, overdue_told, state, due_at) COMMENT 'for telling the controlling officer';

ALTER TABLE session
  ADD KEY session_revoked (revoked_at) COMMENT 'for the purge';

ALTER TABLE otp_gate
  ADD KEY otp_gate_touched (touched_at) COMMENT 'for the purge';
