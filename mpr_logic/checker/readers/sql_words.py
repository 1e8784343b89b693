"""The nodes of sqlglot's trees and the functions that the reader of SQL knows, and words that may do more.

These are lists of what is allowed: a statement with a node or a function that stands in none is opaque.
"""

from __future__ import annotations

QUERIES = frozenset("Select Union Except Intersect Values Subquery".split())
"""The roots of statements that only read."""

CHANGES = frozenset("Insert Update Delete Merge".split())
"""The nodes of statements that change rows."""

DEFINITIONS = frozenset("Create Drop Alter TruncateTable".split())
"""The roots of statements that change tables as such."""

MADE = frozenset({"TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA"})
"""The kinds of things that a definition may make, change or drop."""

QUERY_NODES = QUERIES | frozenset(
    """
    From Where Join Group Having Order Ordered Limit Offset Fetch LimitOptions Distinct With CTE Table
    TableAlias Tuple Paren Alias Star Column Identifier Literal Null Boolean National HexString Var
    Placeholder Parameter Window WindowSpec Qualify Filter WithinGroup IgnoreNulls RespectNulls Cube Rollup
    GroupingSets Lateral And Or Xor Not Between In Is Like ILike SimilarTo Glob Escape EQ NEQ GT GTE LT LTE
    NullSafeEQ NullSafeNEQ Add Sub Mul Div IntDiv Mod Neg DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot
    BitwiseLeftShift BitwiseRightShift Any All Exists Overlaps Bracket Slice Collate AtTimeZone Interval
    IntervalSpan Case If Cast TryCast DataType DataTypeParam
    JSONPath JSONPathRoot JSONPathKey JSONPathSubscript JSONPathWildcard JSONKeyValue JSON FormatJson
    """.split()
)
"""The nodes of queries that change nothing by themselves."""

CHANGE_NODES = CHANGES | frozenset("Schema Returning OnConflict Whens When Into".split())
"""The nodes of changes, beside those of queries."""

DEFINITION_NODES = DEFINITIONS | frozenset(
    """
    Schema ColumnDef ColumnConstraint NotNullColumnConstraint PrimaryKeyColumnConstraint
    UniqueColumnConstraint DefaultColumnConstraint CheckColumnConstraint AutoIncrementColumnConstraint
    GeneratedAsIdentityColumnConstraint CommentColumnConstraint PrimaryKey ForeignKey Reference Constraint
    AddConstraint RenameColumn AlterRename AlterColumn Index IndexParameters Properties TemporaryProperty
    Check
    """.split()
)
"""The nodes of definitions, beside those of queries."""

FUNCTION_NODES = frozenset(
    """
    Abs Acos Asin Atan Atan2 Tan Sin Cos Cot Sqrt Cbrt Ceil Floor Round Trunc Sign Exp Ln Log Pow Pi Degrees
    Radians Greatest Least Rand Uuid Typeof
    Coalesce Nullif Nvl2 Concat ConcatWs Upper Lower Initcap Length Trim Substring SubstringIndex Left Right
    Replace Reverse Pad Repeat Split SplitPart StrPosition StartsWith EndsWith Contains Ascii Unicode Chr
    Space Stuff Overlay Translate Soundex Levenshtein Format NumberToStr ToChar ToNumber ByteLength BitLength
    RegexpLike RegexpILike RegexpReplace RegexpExtract RegexpExtractAll RegexpCount RegexpInstr
    RegexpFullMatch RegexpSplit MatchAgainst MD5 SHA SHA2 Hex Unhex LowerHex
    Avg Count CountIf Sum Min Max ArrayAgg GroupConcat Stddev StddevPop StddevSamp Variance VariancePop Median
    Mode PercentileCont PercentileDisc Quantile ApproxDistinct ApproxQuantile AnyValue LogicalAnd LogicalOr
    Corr CovarPop CovarSamp BitwiseAndAgg BitwiseOrAgg BitwiseXorAgg ArgMax ArgMin First Last FirstValue
    LastValue NthValue Lag Lead Rank DenseRank RowNumber Ntile PercentRank CumeDist Grouping WidthBucket
    CurrentDate CurrentTime CurrentTimestamp CurrentDatetime Localtime Localtimestamp UtcDate UtcTime
    UtcTimestamp CurrentUser SessionUser CurrentSchema CurrentDatabase CurrentCatalog CurrentVersion
    Date Time Timestamp Datetime DateAdd DateSub DateDiff DateTrunc DateBin DatetimeAdd DatetimeSub
    DatetimeDiff DatetimeTrunc TimestampAdd TimestampSub TimestampDiff TimestampTrunc TimeAdd TimeSub TimeDiff
    TimeTrunc Extract Year Month Day Hour Minute Second Week Quarter DayOfWeek DayOfWeekIso DayOfMonth
    DayOfYear WeekOfYear LastDay Dayname Monthname StrToDate StrToTime StrToUnix TimeToStr TimeStrToTime
    TimeStrToDate DateStrToDate DateToDateStr TsOrDsToDate TsOrDsToDateStr TsOrDsAdd TsOrDsDiff
    TsOrDsToTimestamp TsOrDsToTime TsOrDsToDatetime UnixToTime UnixToStr TimeToUnix UnixSeconds UnixMillis
    DateFromParts TimeFromParts TimestampFromParts MakeInterval ToDays Convert FromTimeZone ConvertTimezone
    JSONExtract JSONExtractScalar JSONBExtract JSONBExtractScalar JSONBContains JSONBExists JSONExists
    JSONObject JSONArray JSONValueArray JSONKeys JSONType JSONArrayContains JSONArrayAgg JSONObjectAgg
    JSONBObjectAgg ParseJSON JSONValue
    Array ArraySize ArrayContains ArrayContainsAll ArrayContainedBy ArrayOverlaps ArrayToString ArrayConcat
    ArrayDistinct ArraySort ArrayPosition ArrayMin ArrayMax ArraySlice List Unnest GenerateSeries
    ExplodingGenerateSeries Explode
    """.split()
)
"""Functions that sqlglot knows by a node of their own, and that change nothing and read no file."""

FUNCTION_NAMES = frozenset(
    """
    age array_length curdate curtime localtime now sysdate array_position bool_and bool_or btrim cardinality
    char_length character_length charindex clock_timestamp concat_ws coalesce date date_format date_part
    datediff datefromparts datename datepart datetime dayname dayofweek dayofyear divide double_sha elt
    eomonth every field find_in_set floor format from_unixtime getdate getutcdate group_concat hour iif ifnull
    inet_aton inet_ntoa instr isdate isnull isnumeric json_agg json_array json_array_length json_build_object
    json_contains json_each json_extract json_group_array json_group_object json_length json_object
    json_object_keys json_quote json_type json_unquote json_valid json_value json_array_elements
    json_array_elements_text jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_object_agg jsonb_object_keys
    jsonb_typeof json_typeof julianday justify_days last_day len length list_aggregate list_contains locate
    lpad ltrim make_date make_interval make_timestamp makedate maketime mid minute mod month monthname nullif
    octet_length ord patindex period_add period_diff position power printf quarter quotename quote random
    range regexp_match regexp_matches regexp_split_to_array regexp_split_to_table regexp_substr replicate
    reverse round row_to_json rpad rtrim second sha1 similarity sqrt square starts_with statement_timestamp
    str strcmp strftime string_agg string_split string_to_array strpos substr substring_index sysdatetime
    sysutcdatetime time time_format timediff timeofday timestampdiff to_char to_date to_json to_jsonb
    to_number to_timestamp to_tsquery to_tsvector total transaction_timestamp trunc truncate try_cast
    try_convert ts_rank typeof unicode unixepoch unix_timestamp upper utc_timestamp websearch_to_tsquery
    plainto_tsquery week weekday year yearweek regr_slope regr_intercept epoch epoch_ms percentile_cont
    """.split()
)
"""Functions that sqlglot knows by no node, in any of the dialects, that change nothing and read no file."""

STARTS = frozenset(
    "select with values insert update delete merge create drop alter truncate from table (".split()
)
"""The words that a statement which can be read begins with."""

WORDS = frozenset(
    """
    alter analyze attach backup begin bulk call checkpoint cluster commit copy create dbcc deallocate declare
    delete detach do drop dumpfile end_transaction exec execute explain export go grant handler import insert
    install into kill listen load lock merge notify outfile pragma prepare print procedure raiserror
    reconfigure refresh reindex release rename reset restore revoke rollback savepoint set shutdown throw
    truncate unload unlisten update use vacuum waitfor writetext updatetext
    """.split()
)
"""Words that begin, or are the sign of, what does more than read. Where one stands bare in a statement whose
tree has no place for it, the tree is not trusted."""

TAKEN = {
    "Insert": frozenset("insert into do update set".split()),
    "Update": frozenset("update set".split()),
    "Delete": frozenset({"delete"}),
    "Merge": frozenset("merge into update set insert delete do".split()),
    "Into": frozenset({"into"}),
    "Create": frozenset({"create"}),
    "Drop": frozenset({"drop"}),
    "Alter": frozenset("alter drop rename set".split()),
    "TruncateTable": frozenset({"truncate"}),
    "ForeignKey": frozenset("update delete set".split()),
    "Reference": frozenset("update delete set".split()),
}
"""The words of :data:`WORDS` that nodes give a place."""
