"""The settings of a lake: where its catalog and its files are, and how a bucket is reached. The others are `settings.py`.

What they come to, and what a lake is, is `lake.py`.
"""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from pipelines.lake import Bucket, Lake, LakeRefused


class LakeSettings(BaseSettings):
    """What says that the warehouse is a lake; without `warehouse` it is a file."""

    warehouse: SecretStr | None = Field(
        None, description="a lake in place of the file: ducklake:postgres: and what libpq connects to"
    )
    lake_data: str | None = Field(None, description="where its Parquet files are: a folder, or s3://bucket/folder")
    s3_endpoint: str | None = Field(None, description="of another S3 than AWS', such as http://127.0.0.1:8333")
    s3_region: str | None = None
    s3_key_id: str | None = None
    s3_secret: SecretStr | None = None

    @field_validator("warehouse")
    @classmethod
    def _check_warehouse(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                Lake.of(value.get_secret_value(), data="")
            except LakeRefused as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("lake_data")
    @classmethod
    def _check_lake_data(cls, value: str | None) -> str | None:
        return None if value is None else check_lake_data(value)

    def lake_of(self, data_dir: Path, folder: str, schema: str) -> Lake | None:
        """The lake with this schema of the catalog and this folder of the data; None where the warehouse is a file."""
        if self.warehouse is None:
            return None
        data = self.lake_data or str(data_dir / "lake")
        data = data if data.startswith("s3://") else str(Path(data).resolve())
        secret = self.s3_secret.get_secret_value() if self.s3_secret else None
        bucket = Bucket(self.s3_key_id, secret, self.s3_region, self.s3_endpoint)
        return Lake.of(self.warehouse.get_secret_value(), f"{data.rstrip('/')}/{folder}", schema, bucket)


def check_lake_data(place: str) -> str:
    """Raise ValueError if this is no place for a lake's files: a folder, or in a bucket of S3."""
    if "://" in place and not place.startswith("s3://"):
        raise ValueError("must be a folder or s3://bucket/folder")
    return place
