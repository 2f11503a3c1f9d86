-- Finding what was reported already, and joining it.

ALTER TABLE complaint
  ADD COLUMN joined INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'how often another was joined to it; written with the joining, so that a move of it at the same time conflicts, on whatever host' AFTER parent_id,
  ADD COLUMN reopens_left TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 're-openings of what it was joined to and left: counted on, so that no two resolutions have one number' AFTER reopen_count,
  ADD KEY complaint_place (subcategory_code, state, lat, lon);
