from tillbridge.database.database import Database


async def test_each_test_has_a_migrated_database_of_its_own(database: Database) -> None:
    assert await database.fetch_value("SELECT count(*) FROM schema_migrations") > 0
    assert await database.fetch_value("SELECT current_database()") != "migrated"
