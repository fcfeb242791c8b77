"""The engines that judge everybody: the same expression, over the Parquet of a snapshot.

Only the leaves differ: where the relations `facts` and `designations` come from. DuckDB runs in
this process and out of core; Spark is for who has a cluster. PostgreSQL, which judges some people
in a transaction, needs no module here: its statements are stored with the rulebook.
"""
