-- Every statement of fixed text. {system} is the system database's name; the driver binds %(names)s.
-- Codes are cast to their column's type, so that an index on it can be used.

-- name: session
SET XACT_ABORT ON; SET NOCOUNT ON; SET LOCK_TIMEOUT {lock_timeout_ms}

-- name: structure
SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.CHARACTER_MAXIMUM_LENGTH,
       c.NUMERIC_PRECISION, c.NUMERIC_SCALE, c.IS_NULLABLE,
       COLUMNPROPERTY(OBJECT_ID(c.TABLE_SCHEMA + '.' + c.TABLE_NAME), c.COLUMN_NAME, 'IsIdentity'),
       COLUMNPROPERTY(OBJECT_ID(c.TABLE_SCHEMA + '.' + c.TABLE_NAME), c.COLUMN_NAME, 'IsComputed')
FROM INFORMATION_SCHEMA.COLUMNS AS c
WHERE c.TABLE_SCHEMA = 'dbo' AND c.TABLE_NAME IN (
  'arcust', 'somast', 'soymst', 'soaddr', 'sotran', 'icitem', 'iciloc', 'iciqty', 'icloct',
  'SOsysd', 'ICsysd', 'ix_xref')
ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION

-- name: base_currency
SELECT p.currid FROM {system}..syccomp AS p WHERE p.compid = CAST(%(company)s AS char(10))

-- name: create_cross_references
CREATE TABLE dbo.ix_xref (
  source varchar(32) NOT NULL,
  doctype varchar(16) NOT NULL,
  ext_id varchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  docno char(10) NOT NULL,
  transaction_id char(64) NOT NULL,
  shop_ref varchar(50) COLLATE Latin1_General_BIN2 NOT NULL,
  amount money NOT NULL,
  currency char(3) NOT NULL,
  created_at datetime NOT NULL,
  CONSTRAINT ix_xref_key PRIMARY KEY (source, doctype, ext_id))

-- name: claim
INSERT INTO dbo.ix_xref
  (source, doctype, ext_id, docno, transaction_id, shop_ref, amount, currency, created_at)
VALUES (CAST(%(source)s AS varchar(32)), CAST(%(doctype)s AS varchar(16)),
  CAST(%(ext_id)s AS varchar(64)), CAST(%(docno)s AS char(10)),
  CAST(%(transaction_id)s AS char(64)), CAST(%(shop_ref)s AS varchar(50)),
  CAST(%(amount)s AS money), CAST(%(currency)s AS char(3)), CAST(%(created_at)s AS datetime))

-- name: claimed
SELECT x.docno, x.amount, m.custno, m.ordamt, y.custno, y.ordamt
FROM dbo.ix_xref AS x
LEFT JOIN dbo.somast AS m ON m.sono = x.docno
LEFT JOIN dbo.soymst AS y ON y.sono = x.docno
WHERE x.source = CAST(%(source)s AS varchar(32)) AND x.doctype = CAST(%(doctype)s AS varchar(16))
  AND x.ext_id = CAST(%(ext_id)s AS varchar(64))

-- name: order_of_shop_reference
SELECT x.docno FROM dbo.ix_xref AS x
WHERE x.source = CAST(%(source)s AS varchar(32)) AND x.doctype = 'sales_order'
  AND x.shop_ref = CAST(%(shop_ref)s AS varchar(50))

-- name: order_counter
SELECT s.int1,
       (SELECT COUNT(*) FROM dbo.somast AS m WHERE m.sono = STR(s.int1 + 1, 10)),
       (SELECT COUNT(*) FROM dbo.soymst AS y WHERE y.sono = STR(s.int1 + 1, 10))
FROM {system}..sysdata AS s WITH (UPDLOCK, HOLDLOCK)
WHERE s.sysid = CAST(%(order_counter)s AS char(12)) AND LEFT(s.pass2, 1) <> 'D'

-- name: stock_counter
SELECT s.int1 FROM {system}..sysdata AS s WITH (UPDLOCK, HOLDLOCK)
WHERE s.sysid = CAST(%(stock_counter)s AS char(12)) AND LEFT(s.pass2, 1) <> 'D'

-- name: taken_numbers
SELECT m.sono FROM dbo.somast AS m WHERE m.sono IN ({numbers})
UNION ALL
SELECT y.sono FROM dbo.soymst AS y WHERE y.sono IN ({numbers})

-- name: set_order_counter
UPDATE {system}..sysdata SET int1 = CAST(%(order_count)s AS numeric(10,0))
WHERE sysid = CAST(%(order_counter)s AS char(12));
UPDATE dbo.SOsysd SET int1 = CAST(%(order_count)s AS numeric(10,0))
WHERE sysid = CAST(%(order_counter)s AS char(12))

-- name: set_stock_counter
UPDATE {system}..sysdata SET int1 = CAST(%(stock_count)s AS numeric(10,0))
WHERE sysid = CAST(%(stock_counter)s AS char(12));
UPDATE dbo.ICsysd SET int1 = CAST(%(stock_count)s AS numeric(10,0))
WHERE sysid = CAST(%(stock_counter)s AS char(12))

-- name: customer
SELECT a.custno, a.pterms, a.pdisc, a.pdays, a.pnet, a.salesmn, a.terr, a.gllink, a.taxdist,
       a.taxtbl, a.lckstat, a.lckuser
FROM dbo.arcust AS a WHERE a.custno = CAST(%(custno)s AS char(10))

-- name: linked_customer
SELECT a.custno, a.pterms, a.pdisc, a.pdays, a.pnet, a.salesmn, a.terr, a.gllink, a.taxdist,
       a.taxtbl, a.lckstat, a.lckuser
FROM dbo.ix_xref AS x
INNER JOIN dbo.arcust AS a ON a.custno = x.docno
WHERE x.source = CAST(%(source)s AS varchar(32)) AND x.doctype = 'customer'
  AND x.ext_id = CAST(%(shop_customer)s AS varchar(64))

-- name: customer_numbers
SELECT a.custno FROM dbo.arcust AS a
WHERE a.custno > CAST(%(lowest)s AS char(10)) AND a.custno <= CAST(%(highest)s AS char(10))

-- name: highest_customer_number
SELECT MAX(a.custno) FROM dbo.arcust AS a
WHERE a.custno > CAST(%(lowest)s AS char(10)) AND a.custno <= CAST(%(highest)s AS char(10))

-- name: orders_of_purchase_number
SELECT m.sono FROM dbo.somast AS m
WHERE m.custno = CAST(%(custno)s AS char(10)) AND m.ponum = CAST(%(ponum)s AS char(20))
  AND m.sostat <> 'V'
UNION ALL
SELECT y.sono FROM dbo.soymst AS y
WHERE y.custno = CAST(%(custno)s AS char(10)) AND y.ponum = CAST(%(ponum)s AS char(20))
  AND y.sostat <> 'V'

-- name: orders_of_linked_customer
SELECT m.sono FROM dbo.ix_xref AS x
INNER JOIN dbo.somast AS m ON m.custno = x.docno
WHERE x.source = CAST(%(source)s AS varchar(32)) AND x.doctype = 'customer'
  AND x.ext_id = CAST(%(shop_customer)s AS varchar(64))
  AND m.ponum = CAST(%(ponum)s AS char(20)) AND m.sostat <> 'V'
UNION ALL
SELECT y.sono FROM dbo.ix_xref AS x
INNER JOIN dbo.soymst AS y ON y.custno = x.docno
WHERE x.source = CAST(%(source)s AS varchar(32)) AND x.doctype = 'customer'
  AND x.ext_id = CAST(%(shop_customer)s AS varchar(64))
  AND y.ponum = CAST(%(ponum)s AS char(20)) AND y.sostat <> 'V'

-- name: items
SELECT i.item, i.itmdesc, i.itmclss, i.stkcode, i.taxcode, i.sunmsid, i.sumfact, i.nserial,
       l.item, l.slsdcst, l.gllink,
       (SELECT MIN(q.qserial) FROM dbo.iciqty AS q
        WHERE q.item = i.item AND q.loctid = CAST(%(loctid)s AS char(6)))
FROM dbo.icitem AS i
LEFT JOIN dbo.iciloc AS l ON l.item = i.item AND l.loctid = CAST(%(loctid)s AS char(6))
WHERE i.item IN ({items})

-- name: item_locations
SELECT * FROM dbo.iciloc AS l WHERE l.item = CAST(%(item)s AS char(25)) ORDER BY l.loctid

-- name: location
SELECT t.icactm FROM dbo.icloct AS t WHERE t.loctid = CAST(%(loctid)s AS char(6))

-- name: set_item_serial
UPDATE dbo.icitem SET nserial = CAST(%(nserial)s AS numeric(10,0))
WHERE item = CAST(%(item)s AS char(25))

-- name: add_on_order
UPDATE dbo.arcust SET onorder = onorder + CAST(%(on_order)s AS money),
  lckuser = CAST(%(user)s AS char(4)), lckdate = CAST(%(today)s AS datetime),
  lcktime = CAST(%(time)s AS char(8))
WHERE custno = CAST(%(custno)s AS char(10))

-- name: name_document
UPDATE dbo.ix_xref SET docno = CAST(%(sono)s AS char(10))
WHERE source = CAST(%(source)s AS varchar(32)) AND doctype = CAST(%(doctype)s AS varchar(16))
  AND ext_id = CAST(%(ext_id)s AS varchar(64))

-- name: order_totals
SELECT m.ordamt, m.tax, (SELECT SUM(t.extprice) FROM dbo.sotran AS t WHERE t.sono = m.sono),
       (SELECT COUNT(*) FROM dbo.sotran AS t WHERE t.sono = m.sono)
FROM dbo.somast AS m WHERE m.sono = CAST(%(sono)s AS char(10))

-- name: order_for_change
SELECT m.custno, m.sostat, m.ordamt, m.lckstat, m.lckuser, m.[{hold_column}],
       (SELECT COUNT(*) FROM dbo.sotran AS t WHERE t.sono = m.sono
        AND (t.qtyshp <> 0 OR t.shipqty <> 0))
FROM dbo.somast AS m WITH (UPDLOCK) WHERE m.sono = CAST(%(sono)s AS char(10))

-- name: order_in_history
SELECT y.custno, y.sostat FROM dbo.soymst AS y WHERE y.sono = CAST(%(sono)s AS char(10))

-- name: release_order
UPDATE dbo.somast SET [{hold_column}] = %(released)s, lckuser = CAST(%(user)s AS char(4)),
  lckdate = CAST(%(today)s AS datetime), lcktime = CAST(%(time)s AS char(8))
WHERE sono = CAST(%(sono)s AS char(10))

-- name: void_order
UPDATE dbo.somast SET sostat = 'V', lckuser = CAST(%(user)s AS char(4)),
  lckdate = CAST(%(today)s AS datetime), lcktime = CAST(%(time)s AS char(8))
WHERE sono = CAST(%(sono)s AS char(10));
UPDATE dbo.sotran SET sostat = 'X', lckuser = CAST(%(user)s AS char(4)),
  lckdate = CAST(%(today)s AS datetime), lcktime = CAST(%(time)s AS char(8))
WHERE sono = CAST(%(sono)s AS char(10))

-- name: read_order
SELECT m.sono, m.custno, m.ponum, m.sostat, m.ordamt, m.tax, m.currid, m.ordate
FROM dbo.somast AS m WHERE m.sono = CAST(%(sono)s AS char(10))
UNION ALL
SELECT y.sono, y.custno, y.ponum, y.sostat, y.ordamt, y.tax, y.currid, y.ordate
FROM dbo.soymst AS y WHERE y.sono = CAST(%(sono)s AS char(10))

-- name: order_of_purchase_number
SELECT m.sono FROM dbo.somast AS m WHERE m.ponum = CAST(%(ponum)s AS char(20))
UNION ALL
SELECT y.sono FROM dbo.soymst AS y WHERE y.ponum = CAST(%(ponum)s AS char(20))

-- name: counters
SELECT s.int1, (SELECT d.int1 FROM dbo.SOsysd AS d WHERE d.sysid = s.sysid)
FROM {system}..sysdata AS s
WHERE s.sysid = CAST(%(order_counter)s AS char(12)) AND LEFT(s.pass2, 1) <> 'D'

-- name: probe
SELECT 1 AS one
