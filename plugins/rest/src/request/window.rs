//! Which rows of the result: `limit`, `offset` and the `Range` header. It deliberately knows no limits but the request's:
//! the operator's are added by the plan.

use crate::refusal::Refusal;

/// A stretch of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) offset: u64,
    pub(crate) limit: Option<u64>,
}

impl Window {
    /// `limit=`; what is no number is no limit, as in PostgREST.
    pub(crate) fn limit(&mut self, text: &str) -> Result<(), Refusal> {
        let Ok(limit) = text.trim().parse::<i64>() else { return Ok(()) };
        let negative = |_| Refusal::range("Limit should be greater than or equal to zero.");
        self.limit = Some(u64::try_from(limit).map_err(negative)?);
        Ok(())
    }

    /// `offset=`; what is no number or below zero is the start.
    pub(crate) fn offset(&mut self, text: &str) {
        self.offset = text.trim().parse::<i64>().ok().and_then(|offset| u64::try_from(offset).ok()).unwrap_or(0);
    }

    /// Whether anything but the whole result was asked for.
    pub(crate) fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// Narrowed to the `Range` header: `0-9`, `10-`. Anything else is no range, as in PostgREST.
    pub(crate) fn restrict(self, range: Option<&str>) -> Result<Self, Refusal> {
        let Some((first, last)) = range.and_then(bounds) else { return Ok(self) };
        if last.is_some_and(|last| last < first) {
            let details = "The lower boundary must be lower than or equal to the upper boundary in the Range header.";
            return Err(Refusal::range(details));
        }
        // No row at all was asked for, wherever it would begin.
        if self.limit == Some(0) {
            return Ok(self);
        }
        let end = [self.limit.map(|limit| self.offset.saturating_add(limit)), last.map(|last| last.saturating_add(1))];
        let offset = self.offset.max(first);
        let limit = end.into_iter().flatten().min().map(|end| end.saturating_sub(offset));
        Ok(Self { offset, limit })
    }
}

fn bounds(range: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = range.trim().split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if first.is_empty() || !digits(first) || !digits(last) {
        return None;
    }
    // A number too large to count to is as good as the largest.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    Some((number(first), (!last.is_empty()).then(|| number(last))))
}
