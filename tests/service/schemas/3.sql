-- The tables of schema 3: schema 2 with scans joined by hand; and one case in them.
CREATE TABLE cases (
	number INTEGER NOT NULL,
	series_instance_uid VARCHAR NOT NULL,
	study_instance_uid VARCHAR NOT NULL,
	revision INTEGER NOT NULL,
	state VARCHAR(9) NOT NULL,
	reason VARCHAR NOT NULL,
	folder VARCHAR NOT NULL,
	last_image_at_s DOUBLE NOT NULL,
	PRIMARY KEY (number),
	UNIQUE (series_instance_uid, revision)
);
CREATE INDEX ix_cases_series_instance_uid ON cases (series_instance_uid);
CREATE INDEX ix_cases_state ON cases (state);
CREATE TABLE instances (
	path VARCHAR NOT NULL,
	sop_instance_uid VARCHAR NOT NULL,
	series_instance_uid VARCHAR NOT NULL,
	sha256 VARCHAR NOT NULL,
	is_conflict BOOLEAN NOT NULL,
	received_at_s DOUBLE NOT NULL,
	calling_ae_title VARCHAR NOT NULL,
	PRIMARY KEY (path)
);
CREATE INDEX ix_instances_series_instance_uid ON instances (series_instance_uid);
CREATE INDEX ix_instances_sop_instance_uid ON instances (sop_instance_uid);
CREATE TABLE exports (
	number INTEGER NOT NULL,
	case_number INTEGER NOT NULL,
	path VARCHAR NOT NULL,
	sop_instance_uid VARCHAR NOT NULL,
	destination VARCHAR NOT NULL,
	state VARCHAR(7) NOT NULL,
	attempts INTEGER NOT NULL,
	due_at_s DOUBLE NOT NULL,
	last_error VARCHAR NOT NULL,
	PRIMARY KEY (number),
	UNIQUE (sop_instance_uid, destination),
	FOREIGN KEY(case_number) REFERENCES cases (number)
);
CREATE INDEX ix_exports_case_number ON exports (case_number);
CREATE INDEX ix_exports_state ON exports (state);
CREATE TABLE history (
	line INTEGER NOT NULL,
	case_number INTEGER NOT NULL,
	at_s DOUBLE NOT NULL,
	state VARCHAR(9) NOT NULL,
	reason VARCHAR NOT NULL,
	PRIMARY KEY (line),
	FOREIGN KEY(case_number) REFERENCES cases (number)
);
CREATE INDEX ix_history_case_number ON history (case_number);

INSERT INTO cases VALUES (1, '1.2', '1', 1, 'PLANNED', '3 paths', '/results/000001', 10.0);
INSERT INTO history VALUES (1, 1, 10.0, 'RECEIVING', 'first image');
INSERT INTO history VALUES (2, 1, 20.0, 'PLANNED', '3 paths');
INSERT INTO instances VALUES ('/1.dcm', '1.2.1', '1.2', 'ab', 0, 10.0, 'CT1');
INSERT INTO exports VALUES (1, 1, '/r.dcm', '1.9', 'pacs', 'PENDING', 2, 30.0, 'refused');
ALTER TABLE cases ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN lease_owner VARCHAR NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN lease_until_s FLOAT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN images_purged_at_s FLOAT;
ALTER TABLE cases ADD COLUMN results_purged_at_s FLOAT;
ALTER TABLE exports ADD COLUMN transaction_uid VARCHAR NOT NULL DEFAULT '';
CREATE TABLE schema_version (number INTEGER NOT NULL, PRIMARY KEY (number));
CREATE TABLE joins (
    series_instance_uid VARCHAR NOT NULL,
    other_series_uid VARCHAR NOT NULL,
    at_s FLOAT NOT NULL,
    said_by VARCHAR NOT NULL,
    PRIMARY KEY (series_instance_uid, other_series_uid)
);
INSERT INTO schema_version VALUES (3);
