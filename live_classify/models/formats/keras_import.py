"""The one place where Keras is imported: it takes seconds and talks."""

from __future__ import annotations

from types import ModuleType

from live_classify.core.errors import EngineError
from live_classify.core.one_line import one_line
from live_classify.core.quiet import native_stderr_silenced


def import_keras() -> ModuleType:
    """Import Keras and its backend, with images' channels last.

    Raises:
        EngineError: Keras or its backend can't be imported.
    """
    try:
        with native_stderr_silenced():
            import keras
    except (ImportError, ValueError) as error:  # ValueError: a KERAS_BACKEND that doesn't exist
        raise EngineError(f"Keras can't be imported: {one_line(error)}") from error
    if keras.config.image_data_format() != "channels_last":  # a user's keras.json may say otherwise
        keras.config.set_image_data_format("channels_last")
    module: ModuleType = keras
    return module
