"""Messages: templates are loaded once, values gathered set-wise, and both composed into a mail or a LINE push.

It never decides who receives one, and never sends.
"""
