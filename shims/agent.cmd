@powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0@COMMAND@.ps1" %*
