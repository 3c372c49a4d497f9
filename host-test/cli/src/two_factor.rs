//! `reset-2fa`.

use host_test::requests;
use host_test::retool::lifecycle::ResetTwoFactorRequest;

use crate::args::ResetTwoFactorArgs;
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::person::user_id;
use crate::render;

pub(crate) async fn reset(arguments: ResetTwoFactorArgs, output: &Output) -> Result<Exit, Failure> {
    let ResetTwoFactorArgs { connection, email, expect_id } = arguments;
    let (tenant, progress) = tenant(&connection, "resetting the second factor")?;
    let request = ResetTwoFactorRequest {
        user: requests::by_email(email),
        expected_id: expect_id.as_deref().map(|id| user_id(connection.api, id)),
    };
    let result = progress.writing(tenant.reset_two_factor(&request)).await?;
    let printed = output.result(&result, render::two_factor_reset);
    printed.map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}
